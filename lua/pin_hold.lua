-- pin_hold: keep a hold from expiring while its order is written to SQL.
-- The pin is the tie-break between order and expiry: before the deadline it wins, after it the hold is over.
-- Once pinned, only an outcome row in SQL may unpin. The lease says when the settler goes to look for it.
--
-- ARGV: hold_id, lease_ms
-- Replies:
--   not_armed
--   unknown
--   lost
--   halted                                   the sale is stopped: nothing new becomes an order
--   pinned <quantity> <epoch> <buyer>        the epoch that SQL must still be at
--   ordered
--   released
--   expired
-- Again: a pinned hold is pinned again. The lease never passes the deadline by more than one lease, so that
--   repeating cannot keep units for ever.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local hold_id, lease = ARGV[1], tonumber(ARGV[2])
local record = find_hold(hold_id)
if not record then return { missing_hold(now) } end

local state, quantity, deadline, digest, buyer = unpack_hold(record)
if state ~= HELD and state ~= PINNED then return { WORD_OF[state] } end

local sale_state, epoch = unpack(redis.call('HMGET', meta_key, 'state', 'epoch'))
if sale_state == 'halted' then return { 'halted' } end

if state == HELD then
  if deadline <= now then
    end_holds({ { hold_id, 'expired', record } }, now)
    tell()
    return { 'expired' }
  end
  redis.call('ZREM', deadlines_key, hold_id)
  redis.call('HSET', holds_key, hold_id, pack_hold(PINNED, quantity, deadline, digest, buyer))
end
redis.call('ZADD', leases_key, math.min(now, deadline) + lease, hold_id)
return { 'pinned', quantity, tonumber(epoch), buyer }
