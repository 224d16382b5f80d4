-- apply_credits: units that SQL gave back become available, once.
-- A credit whose seq is not above the base was already counted by the snapshot this Redis was built from.
-- The reply carries the epoch because only a Redis at the current epoch may acknowledge.
--
-- ARGV: five per credit: credit_id, seq, units, buyer ('': none), added (how many of the units are new to the sale)
-- Replies:
--   not_armed
--   applied <epoch>             every credit is applied now or was before
-- Again: an applied credit is left alone.

if not is_armed() then return { 'not_armed' } end

local epoch, base = unpack(redis.call('HMGET', meta_key, 'epoch', 'base'))
for i = 1, #ARGV, 5 do
  local credit_id, seq, units, buyer = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3]
  if seq > tonumber(base) and redis.call('SADD', credits_key, credit_id) == 1 then
    return_units(units, buyer ~= '' and { [buyer] = units } or {})
    redis.call('HINCRBY', meta_key, 'allotment', ARGV[i + 4])
    note(credit_id, pack_hold('C', units, ARGV[i + 4], '', buyer))
  end
end
tell()
return { 'applied', tonumber(epoch) }
