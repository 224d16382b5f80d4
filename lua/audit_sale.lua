-- audit_sale: the exact sums behind invariant I2, counted from the hold records themselves.
--
-- ARGV: ids of credits that SQL believes undelivered
-- Replies:
--   not_armed
--   sums <epoch> <base> <allotment> <available> <held> <pins> (<hold_id> <quantity>)... <applied credit id>...
--     held: units; pins: how many pairs follow
-- Again: reads only.

if not is_armed() then return { 'not_armed' } end

local meta = redis.call('HMGET', meta_key, 'epoch', 'base', 'allotment', 'available')
local held, pins = 0, {}
local records = redis.call('HGETALL', holds_key)
for i = 1, #records, 2 do
  local state, quantity = unpack_hold(records[i + 1])
  if state == HELD then held = held + quantity end
  if state == PINNED then
    pins[#pins + 1] = records[i]
    pins[#pins + 1] = quantity
  end
end

local reply = { 'sums', tonumber(meta[1]), tonumber(meta[2]), tonumber(meta[3]), tonumber(meta[4]), held, #pins / 2 }
for _, value in ipairs(pins) do
  reply[#reply + 1] = value
end
for _, credit_id in ipairs(ARGV) do
  if redis.call('SISMEMBER', credits_key, credit_id) == 1 then reply[#reply + 1] = credit_id end
end
return reply
