-- reap_holds: end overdue holds, and forget those that ended long ago.
--
-- ARGV: reap_limit (also of those forgotten), kept_ms (how long an ended hold is remembered)
-- Replies:
--   not_armed
--   reaped <count> <lag_ms> <forgotten>     lag: how late the oldest came
-- Again: finds the next ones. A hold ends once because ending it takes it out of the deadlines.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local limit, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local _, count, oldest = reap(now, limit)
tell()

local forgotten = redis.call('ZRANGEBYSCORE', ended_key, '-inf', now - kept, 'LIMIT', 0, limit)
for _, hold_id in ipairs(forgotten) do
  local record = redis.call('HGET', past_key, hold_id)
  if record then
    local _, _, _, digest = unpack_hold(record)
    if digest ~= '' then redis.call('HDEL', idempotency_key, digest) end
    redis.call('HDEL', past_key, hold_id)
  end
  redis.call('ZREM', ended_key, hold_id)
end
return { 'reaped', count, oldest and now - oldest or 0, #forgotten }
