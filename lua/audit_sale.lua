-- audit_sale: the exact sums behind invariant I2, counted from the hold records themselves.
--
-- ARGV: ids of credits that SQL believes undelivered
-- Replies:
--   not_armed
--   sums <epoch> <base> <allotment> <available> <expired> <released> <held> <unlisted> <pins>
--     (<hold_id> <quantity>)... <credit id>...
--     expired, released: units whose hold ever ended so; held: units; unlisted: holds that neither the reaper nor the
--     settler would find; pins: how many pairs follow; credit ids: those that are applied
-- Again: reads only.

if not is_armed() then return { 'not_armed' } end

local meta = redis.call('HMGET', meta_key, 'epoch', 'base', 'allotment', 'available', 'expired_units',
  'released_units')
-- The records without their ids, and the first half of each: nobody is served while a hundred thousand are counted.
local held, held_count, pinned_count, pins = 0, 0, 0, {}
for _, record in ipairs(redis.call('HVALS', holds_key)) do
  local state, quantity = string.match(record, '^(%u)|(%d+)')
  if state == HELD then held, held_count = held + quantity, held_count + 1 end
  if state == PINNED then pinned_count = pinned_count + 1 end
end
local leases = redis.call('ZRANGE', leases_key, 0, -1)
for _, hold_id in ipairs(leases) do
  local state, quantity = unpack_hold(redis.call('HGET', holds_key, hold_id) or '')
  if state == PINNED then
    pins[#pins + 1] = hold_id
    pins[#pins + 1] = quantity
  end
end

local unlisted = math.abs(held_count - redis.call('ZCARD', deadlines_key)) + math.abs(pinned_count - #leases)
local reply = { 'sums' }
for _, value in ipairs(meta) do
  reply[#reply + 1] = tonumber(value or 0)
end
for _, value in ipairs({ held, unlisted, #pins / 2 }) do
  reply[#reply + 1] = value
end
for _, value in ipairs(pins) do
  reply[#reply + 1] = value
end
for _, credit_id in ipairs(ARGV) do
  if redis.call('SISMEMBER', credits_key, credit_id) == 1 then reply[#reply + 1] = credit_id end
end
return reply
