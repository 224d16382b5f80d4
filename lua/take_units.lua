-- take_units: take units that nobody was promised, for an order that was paid too late or out of the sale.
-- The units are pinned under an id of their own. Its deadline is now: without an outcome in SQL they return
-- when the lease is over.
--
-- ARGV: take_id, quantity, buyer ('': none), lease_ms, reap_limit
-- Replies:
--   not_armed
--   closed                      the sale is halted or ended
--   insufficient_stock <available>
--   buyer_limit_reached
--   taken <epoch>
--   over                        this take was settled before
-- Again: the same take id is answered taken and takes nothing more.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local take_id, quantity, buyer, lease = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local state, epoch, buyer_limit = unpack(redis.call('HMGET', meta_key, 'state', 'epoch', 'buyer_limit'))

local record = find_hold(take_id)
if record then
  if unpack_hold(record) ~= PINNED then return { 'over' } end
  return { 'taken', tonumber(epoch) }
end
if state == 'halted' or state == 'ended' then return { 'closed' } end

local function short_by()
  return quantity - tonumber(redis.call('HGET', meta_key, 'available'))
end
local limit = tonumber(buyer_limit)
local function is_over_limit()
  if limit == 0 or buyer == '' then return false end
  return tonumber(redis.call('HGET', buyers_key, buyer) or 0) + quantity > limit
end
if short_by() > 0 or is_over_limit() then reap(now, tonumber(ARGV[5])) end
if short_by() > 0 or is_over_limit() then tell() end
if short_by() > 0 then return { 'insufficient_stock', math.max(0, quantity - short_by()) } end
if is_over_limit() then return { 'buyer_limit_reached' } end

local taken = pack_hold(PINNED, quantity, now, '', buyer)
if buyer ~= '' then redis.call('HINCRBY', buyers_key, buyer, quantity) end
redis.call('HINCRBY', meta_key, 'available', -quantity)
redis.call('HINCRBY', meta_key, 'past_units', -quantity)
redis.call('HSET', holds_key, take_id, taken)
redis.call('ZADD', leases_key, now + lease, take_id)
note(take_id, taken)
tell()
return { 'taken', tonumber(epoch) }
