-- commit_rebuild: install what SQL knows, keep the holds that survive, and arm this process.
-- At most once, and only in the life of the data that began: a rebuild that was delayed in a socket, sent twice or
-- overtaken does nothing. Available is computed, never carried over. It may be negative after a loss of data:
-- such debt heals as surviving holds end, and SQL refuses what it cannot cover.
--
-- ARGV: token (of begin_rebuild), epoch, base (seq of the snapshot), allotment, committed, state,
--   opens_at_ms, closes_at_ms (0: none), hold_ttl_ms, buyer_limit (0: none),
--   loss_remembered_ms (0: nothing was lost), lease_ms, ttl_max_ms, buyer_rate, address_rate (0: none),
--   count of outcomes, two per outcome: hold_id, outcome; then two per buyer: buyer, units ordered
-- Replies:
--   superseded
--   armed <available>
-- Again: superseded.

local token, epoch, base, allotment, committed = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local life = server_life()
local is_begun_here = string.sub(token, 1, #life) == life
if not is_begun_here or redis.call('HGET', meta_key, 'rebuild_token') ~= token then return { 'superseded' } end

local now = now_ms()
local lease, ttl_max = tonumber(ARGV[12]), tonumber(ARGV[13])
note(epoch, pack_hold('B', allotment, ARGV[11] ~= '0' and 1 or 0, '', ''))
local outcome_of = {}
local next_arg = 17
for _ = 1, tonumber(ARGV[16]) do
  outcome_of[ARGV[next_arg]] = ARGV[next_arg + 1]
  next_arg = next_arg + 2
end

redis.call('DEL', deadlines_key, leases_key, buyers_key, credits_key)
for i = next_arg, #ARGV, 2 do
  redis.call('HSET', buyers_key, ARGV[i], ARGV[i + 1])
end

-- The hold records decide; the two sorted sets and the buyers' units are derived from them.
local kept = 0
local records = redis.call('HGETALL', holds_key)
for i = 1, #records, 2 do
  local hold_id = records[i]
  local state, quantity, deadline, digest, buyer = unpack_hold(records[i + 1])
  local outcome = outcome_of[hold_id]
  if not state then
    -- A damaged record says nothing that could be kept.
    redis.call('HDEL', holds_key, hold_id)
  elseif (state == HELD or state == PINNED) and outcome then
    local record = pack_hold(LETTER_OF[outcome], quantity, deadline, digest, buyer)
    redis.call('HDEL', holds_key, hold_id)
    redis.call('HSET', past_key, hold_id, record)
    redis.call('ZADD', ended_key, now, hold_id)
    if outcome ~= 'withdrawn' then redis.call('HINCRBY', meta_key, outcome .. '_units', quantity) end
    note(hold_id, outcome == 'withdrawn' and 'W' .. string.sub(record, 2) or record)
  elseif state == HELD or state == PINNED then
    kept = kept + quantity
    if deadline > now + ttl_max then
      -- The clock was set back: nobody's units may wait for it to catch up.
      deadline = now + ttl_max
      redis.call('HSET', holds_key, hold_id, pack_hold(state, quantity, deadline, digest, buyer))
    end
    if buyer ~= '' then redis.call('HINCRBY', buyers_key, buyer, quantity) end
    if state == HELD then
      redis.call('ZADD', deadlines_key, deadline, hold_id)
    else
      redis.call('ZADD', leases_key, math.min(now, deadline) + lease, hold_id)
    end
  end
end

local available = allotment - committed - kept
redis.call('HSET', meta_key, 'epoch', epoch, 'base', base, 'allotment', allotment, 'available', available,
  'state', ARGV[6], 'opens_at', ARGV[7], 'closes_at', ARGV[8], 'hold_ttl_ms', ARGV[9], 'buyer_limit', ARGV[10],
  'buyer_rate', ARGV[14], 'address_rate', ARGV[15], 'armed_life', life, 'last_life', life)
if ARGV[11] ~= '0' then redis.call('HSET', meta_key, 'loss_remembered_until', now + tonumber(ARGV[11])) end
redis.call('HDEL', meta_key, 'rebuild_token')
tell(available)
return { 'armed', available }
