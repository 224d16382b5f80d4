-- list_overdue_pins: pins whose lease is over, for the settler to look up in SQL.
-- Each lease is prolonged on the way, so that several settlers do not look at the same pin.
--
-- ARGV: limit, lease_ms
-- Replies:
--   not_armed
--   overdue <now_ms> (<hold_id> <deadline_ms>)...
-- Again: returns the next ones; a pin comes back when its new lease is over.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local limit, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
local reply = { 'overdue', now }
for _, hold_id in ipairs(redis.call('ZRANGEBYSCORE', leases_key, '-inf', now, 'LIMIT', 0, limit)) do
  local record = redis.call('HGET', holds_key, hold_id)
  if record then
    local _, _, deadline = unpack_hold(record)
    reply[#reply + 1] = hold_id
    reply[#reply + 1] = deadline
    redis.call('ZADD', leases_key, now + lease, hold_id)
  else
    redis.call('ZREM', leases_key, hold_id)
  end
end
return reply
