-- extend_hold: an operator gives a buyer more time.
-- Never beyond the longest hold from now on, so that a rebuild, which takes a later deadline for a clock that was set
-- back, leaves it alone.
--
-- ARGV: hold_id, more_ms, ttl_max_ms
-- Replies:
--   not_armed
--   unknown
--   lost
--   pinned                               it is being ordered: its deadline does not matter any more
--   ordered
--   released
--   expired
--   extended <was_ms> <deadline_ms> <now_ms>
-- Again: extended once more, within the same bound. Whoever must not ask twice remembers that elsewhere.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local hold_id, more, ttl_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local record = find_hold(hold_id)
if not record then return { missing_hold(now) } end

local state, quantity, was, digest, buyer = unpack_hold(record)
if state ~= HELD then return { WORD_OF[state] } end
if was <= now then return { 'expired' } end

local deadline = math.max(was, math.min(was + more, now + ttl_max))
redis.call('HSET', holds_key, hold_id, pack_hold(HELD, quantity, deadline, digest, buyer))
redis.call('ZADD', deadlines_key, deadline, hold_id)
note(hold_id, pack_hold('X', quantity, deadline, '', buyer))
tell()
return { 'extended', was, deadline, now }
