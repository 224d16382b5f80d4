-- reap_holds: end overdue holds, and forget those that ended long ago.
-- A clock that was set back keeps no unit for longer than the longest hold: deadlines and leases beyond that come near.
--
-- ARGV: reap_limit (of each kind), kept_ms (how long an ended hold is remembered), ttl_max_ms, lease_ms
-- Replies:
--   not_armed
--   reaped <count> <lag_ms> <forgotten>     lag: how late the oldest came
-- Again: finds the next ones. A hold ends once because ending it takes it out of the deadlines.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local limit, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local _, count, oldest = reap(now, limit)

local furthest, furthest_lease = now + tonumber(ARGV[3]), now + tonumber(ARGV[4])
local function bring_near(hold_id)
  local record = redis.call('HGET', holds_key, hold_id)
  if not record then return end
  local state, quantity, deadline, digest, buyer = unpack_hold(record)
  if not state or deadline <= furthest then return end
  redis.call('HSET', holds_key, hold_id, pack_hold(state, quantity, furthest, digest, buyer))
  if state == HELD then
    redis.call('ZADD', deadlines_key, furthest, hold_id)
    note(hold_id, pack_hold('X', quantity, furthest, '', buyer))
  end
end
for _, hold_id in ipairs(redis.call('ZRANGEBYSCORE', deadlines_key, '(' .. furthest, '+inf', 'LIMIT', 0, limit)) do
  bring_near(hold_id)
end
for _, hold_id in ipairs(redis.call('ZRANGEBYSCORE', leases_key, '(' .. furthest_lease, '+inf', 'LIMIT', 0, limit)) do
  redis.call('ZADD', leases_key, furthest_lease, hold_id)
  bring_near(hold_id)
end
tell()

local forgotten = redis.call('ZRANGEBYSCORE', ended_key, '-inf', now - kept, 'LIMIT', 0, limit)
if #forgotten > 0 then
  local digests = {}
  for _, record in ipairs(redis.call('HMGET', past_key, unpack(forgotten))) do
    local _, _, _, digest = unpack_hold(record or '')
    if digest and digest ~= '' then digests[#digests + 1] = digest end
  end
  if #digests > 0 then redis.call('HDEL', idempotency_key, unpack(digests)) end
  redis.call('HDEL', past_key, unpack(forgotten))
  redis.call('ZREM', ended_key, unpack(forgotten))
end
return { 'reaped', count, oldest and now - oldest or 0, #forgotten }
