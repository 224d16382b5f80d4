-- audit_sale: the exact sums behind invariant I2, counted from the hold records themselves. Of a sale with more of them
-- than Redis may stop for, they are what the last rebuild counted, with what every step since has added and taken.
--
-- ARGV: how many living holds are counted; ids of credits that SQL believes undelivered
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
local leases, pins, pinned = redis.call('ZRANGE', leases_key, 0, -1), {}, 0
for _, hold_id in ipairs(leases) do
  local state, quantity = unpack_hold(redis.call('HGET', holds_key, hold_id) or '')
  if state == PINNED then
    pins[#pins + 1], pins[#pins + 2] = hold_id, quantity
    pinned = pinned + quantity
  end
end

local held, unlisted
local living, listed = redis.call('HLEN', holds_key), redis.call('ZCARD', deadlines_key)
-- Without a base it was armed by a version that did not add up.
local held_ever, base, past = unpack(redis.call('HMGET', meta_key, 'held_units', 'past_base', 'past_units'))
if base and living > tonumber(ARGV[1]) then
  held = (held_ever or 0) - base - past - pinned
  unlisted = math.abs(living - listed - #leases)
else
  held, unlisted = 0, 0
  local held_count, pinned_count = 0, 0
  -- Without their ids, and the first half of each: that is the cheapest look at a record.
  for _, record in ipairs(redis.call('HVALS', holds_key)) do
    local state, quantity = string.match(record, '^(%u)|(%d+)')
    if state == HELD then held, held_count = held + quantity, held_count + 1 end
    if state == PINNED then pinned_count = pinned_count + 1 end
  end
  unlisted = math.abs(held_count - listed) + math.abs(pinned_count - #leases)
end
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
for i = 2, #ARGV do
  if redis.call('SISMEMBER', credits_key, ARGV[i]) == 1 then reply[#reply + 1] = ARGV[i] end
end
return reply
