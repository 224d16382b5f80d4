-- retire_sale: an ended sale leaves Redis, once its ended holds have been remembered long enough.
-- It stays armed until its keys are gone, so that ended holds still answer as such.
--
-- ARGV: kept_ms
-- Replies:
--   not_armed
--   busy                        holds or pins are left: not over yet
--   retired
-- Again: retired; the keys live for kept_ms from the first time.

if not is_armed() then return { 'not_armed' } end
if redis.call('ZCARD', deadlines_key) + redis.call('ZCARD', leases_key) > 0 then return { 'busy' } end

if redis.call('HGET', meta_key, 'state') ~= 'ended' then
  redis.call('HSET', meta_key, 'state', 'ended')
  local kept = { meta_key, holds_key, past_key, ended_key, idempotency_key, buyers_key, credits_key, events_key }
  for _, key in ipairs(kept) do
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return { 'retired' }
