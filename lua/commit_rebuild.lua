-- commit_rebuild: install what SQL knows, and arm this process.
-- At most once, only in the life of the data that began, and only when the pieces left out no hold: a rebuild that was
-- delayed in a socket, sent twice or overtaken does nothing. Available is computed, never carried over. It may be
-- negative after a loss of data: such debt heals as surviving holds end, and SQL refuses what it cannot cover.
--
-- ARGV: token (of begin_rebuild), epoch, base (seq of the snapshot), allotment, committed, state,
--   opens_at_ms, closes_at_ms (0: none), hold_ttl_ms, buyer_limit (0: none),
--   loss_remembered_ms (0: nothing was lost), buyer_rate, address_rate (0: none)
-- Replies:
--   superseded
--   armed <available>
-- Again: superseded.

local token, epoch, base, allotment, committed = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if not is_rebuilding(token) then return { 'superseded' } end
local listed = redis.call('ZCARD', deadlines_key) + redis.call('ZCARD', leases_key)
if listed ~= redis.call('HLEN', holds_key) then return { 'superseded' } end

local now = now_ms()
note(epoch, pack_hold('B', allotment, ARGV[11] ~= '0' and 1 or 0, '', ''))

local kept = tonumber(redis.call('HGET', meta_key, 'rebuild_kept'))
local available = allotment - committed - kept
local life = server_life()
redis.call('HSET', meta_key, 'epoch', epoch, 'base', base, 'allotment', allotment, 'available', available,
  'state', ARGV[6], 'opens_at', ARGV[7], 'closes_at', ARGV[8], 'hold_ttl_ms', ARGV[9], 'buyer_limit', ARGV[10],
  'buyer_rate', ARGV[12], 'address_rate', ARGV[13], 'armed_life', life, 'last_life', life,
  'past_base', (redis.call('HGET', meta_key, 'held_units') or 0) - kept, 'past_units', 0)
if ARGV[11] ~= '0' then redis.call('HSET', meta_key, 'loss_remembered_until', now + tonumber(ARGV[11])) end
redis.call('HDEL', meta_key, 'rebuild_token')
tell(available)
return { 'armed', available }
