-- place_holds: take units for many buyers in one step.
-- Requests are decided in order, each as if it were alone. Of a request that is refused nothing is written, but that it
-- was made, where such are counted. Overdue holds are ended on the way when units are short, a bounded number per call,
-- so stock returns even with every worker dead.
--
-- ARGV: reap_limit, the requests as JSON, a column for each of their parts: ids, quantities, ttls (ms, 0: the sale's);
--   where any request has one, too: buyers ('': none), digests of idempotency keys ('': none) and fingerprints of
--   requests, buyer_names and address_names (whom to count, '': nobody)
-- Replies:
--   not_armed                             rebuild first; nothing was decided
--   placed <now_ms> <rates> <reply>...    rates: of buyers and of addresses (0: none), then per request, for each that
--     there is, how many more are left, -1: any number; nothing if nobody is counted. A reply per request, in order:
--   too_many_requests <whose> <wait_ms>   buyer or address
--   held <deadline_ms>                    as the number alone, because nearly all are
--   0                                     the last refusal of this call again, as nearly all are when all is sold out
--   replayed <hold_id> <deadline_ms>      the idempotency key made this hold before
--   key_reused                            the idempotency key belongs to another request
--   not_open <opens_at_ms>
--   paused                                by an operator; also when halted
--   ended
--   buyer_needed                          the sale limits units per buyer and the request names none
--   buyer_limit_reached <limit> <units>   units the buyer holds or has ordered
--   insufficient_stock <available> <earliest_deadline_ms or 0>
-- Again: the same hold id is answered as the first time and takes nothing.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local state, opens_at, closes_at, sale_ttl, buyer_limit, available, held_units =
  unpack(redis.call('HMGET', meta_key, 'state', 'opens_at', 'closes_at', 'hold_ttl_ms', 'buyer_limit', 'available',
    'held_units'))
local asked = cjson.decode(ARGV[2])
local ids, quantities, ttls, buyers, digests = asked.ids, asked.quantities, asked.ttls, asked.buyers, asked.digests
local rates = asked.buyer_names and open_rates(now, asked)
opens_at, closes_at, sale_ttl = tonumber(opens_at), tonumber(closes_at), tonumber(sale_ttl)
buyer_limit, available = tonumber(buyer_limit), tonumber(available)

local closed
if state == 'paused' or state == 'halted' then
  closed = { 'paused' }
elseif state == 'draining' or state == 'ended' or (closes_at > 0 and now >= closes_at) then
  closed = { 'ended' }
elseif now < opens_at then
  closed = { 'not_open', opens_at }
end

local known_holds = redis.call('HMGET', holds_key, unpack(ids))
local past_holds = redis.call('HMGET', past_key, unpack(ids))
local known_keys = digests and redis.call('HMGET', idempotency_key, unpack(digests))

local new_records, new_deadlines, new_keys = {}, {}, {}
local made_by_key, deadline_of, added, base = {}, {}, {}, {}
local taken, earliest, earliest_new, reap_budget, shortage = 0, nil, nil, tonumber(ARGV[1]), nil

local function reap_units(limit)
  limit = math.min(limit, reap_budget)
  if limit == 0 then return end
  local units, ended = reap(now, limit)
  available = available + units
  -- Fewer than asked for: nothing more is overdue.
  reap_budget = ended < limit and 0 or reap_budget - ended
  base, earliest = {}, nil
end

local function units_of(buyer)
  base[buyer] = base[buyer] or tonumber(redis.call('HGET', buyers_key, buyer) or 0)
  return base[buyer] + (added[buyer] or 0)
end

local function refuse_buyer(buyer, quantity)
  if buyer == '' then return { 'buyer_needed' } end
  -- A buyer must not be stopped by a hold of their own that is over.
  if units_of(buyer) + quantity > buyer_limit then reap_units(reap_budget) end
  local units = units_of(buyer)
  if units + quantity > buyer_limit then return { 'buyer_limit_reached', buyer_limit, units } end
end

local function refuse_stock(quantity)
  -- Every overdue hold gives back at least one unit: no more are needed.
  if available < quantity then reap_units(quantity - available) end
  if available >= quantity then return nil end
  earliest = earliest or tonumber(redis.call('ZRANGE', deadlines_key, 0, 0, 'WITHSCORES')[2] or 0)
  local first = earliest
  if earliest_new and (first == 0 or earliest_new < first) then first = earliest_new end
  local left = math.max(available, 0)
  if not (shortage and shortage[2] == left and shortage[3] == first) then
    shortage = { 'insufficient_stock', left, first }
  end
  return shortage
end

-- A number costs as much to write as all the rest of a record, and requests of one call are much alike.
local alike = {}

local function take(hold_id, quantity, ttl, buyer, digest, fingerprint)
  local like = alike[ttl] or { deadline = now + (ttl > 0 and ttl or sale_ttl) }
  local deadline = like.deadline
  like.text, alike[ttl] = like.text or string.format('%.0f', deadline), like
  like[quantity] = like[quantity] or HELD .. '|' .. quantity .. '|' .. like.text .. '|' -- as pack_hold
  local at = #new_records
  new_records[at + 1], new_records[at + 2] = hold_id, like[quantity] .. digest .. '|' .. buyer
  new_deadlines[at + 1], new_deadlines[at + 2] = like.text, hold_id
  if digest ~= '' then
    local made = fingerprint .. '|' .. hold_id
    new_keys[#new_keys + 1], new_keys[#new_keys + 2] = digest, made
    deadline_of[hold_id], made_by_key[digest] = deadline, made
  end
  if buyer ~= '' then added[buyer] = (added[buyer] or 0) + quantity end
  available, taken = available - quantity, taken + quantity
  if not earliest_new or deadline < earliest_new then earliest_new = deadline end
  return deadline
end

local function replay(entry, fingerprint)
  local same, hold_id = string.match(entry, '^([^|]*)|(.*)$')
  if same ~= fingerprint then return { 'key_reused' } end
  if deadline_of[hold_id] then return { 'replayed', hold_id, deadline_of[hold_id] } end
  local record = find_hold(hold_id)
  return record and { 'replayed', hold_id, (select(3, unpack_hold(record))) }
end

local replies, refusal = { 'placed', now, rates and rates.left or {} }, nil
for n, hold_id in ipairs(ids) do
  local quantity, buyer, digest = quantities[n], buyers and buyers[n] or '', digests and digests[n] or ''
  local entry = digest ~= '' and (made_by_key[digest] or known_keys[n])
  local known = known_holds[n] or past_holds[n]
  local reply = known and (select(3, unpack_hold(known)))
    or entry and replay(entry, asked.fingerprints[n])
    or rates and rates.refuse(n)
    or closed
    or buyer_limit > 0 and refuse_buyer(buyer, quantity)
    or available < quantity and refuse_stock(quantity)
    or take(hold_id, quantity, ttls[n], buyer, digest, digest ~= '' and asked.fingerprints[n])
  replies[n + 3] = reply == refusal and 0 or reply
  if type(reply) == 'table' then refusal = reply end
  if rates then rates.tell_left(n) end
end
if rates then rates.close() end

if taken > 0 then
  redis.call('HSET', meta_key, 'available', available, 'held_units', (held_units or 0) + taken)
  redis.call('HSET', holds_key, unpack(new_records))
  redis.call('ZADD', deadlines_key, unpack(new_deadlines))
  if #new_keys > 0 then redis.call('HSET', idempotency_key, unpack(new_keys)) end
  if next(added) then add_to(buyers_key, added) end
  -- The records are in the form of changes: nothing is built twice for those who watch.
  changes[#changes + 1] = table.concat(new_records, '\n')
end
tell(available)
return replies
