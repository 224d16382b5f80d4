-- begin_rebuild: stop deciding, and forget what is derived from the holds.
-- SQL's epoch was raised before: no order vouched for by an older epoch can commit any more, so what SQL says
-- about the holds that are there now stays true until the rebuild is committed.
--
-- ARGV: epoch, last_armed_epoch (the last one at which any Redis was armed; 0: never)
-- Replies:
--   superseded                      a rebuild of this or a newer epoch was here; nothing changed
--   begun <token> <continuous 1|0>  only pieces and a commit that bring this token are accepted;
--     continuous: this life was armed last, so it has seen every hold
-- Again: superseded; where that was forgotten with the data, another token.

local epoch, last_armed_epoch = tonumber(ARGV[1]), tonumber(ARGV[2])
local life = server_life()
local armed_epoch, begun_epoch, last_life =
  unpack(redis.call('HMGET', meta_key, 'epoch', 'rebuild_epoch', 'last_life'))
if tonumber(armed_epoch or 0) >= epoch or tonumber(begun_epoch or 0) >= epoch then return { 'superseded' } end

-- SQL was restored from a backup, and has given the id of a sale that it forgot to another one.
if last_armed_epoch == 0 and armed_epoch then
  redis.call('UNLINK', meta_key, holds_key, past_key, ended_key, idempotency_key)
end

local time = redis.call('TIME')
local token = life .. '.' .. time[1] .. '.' .. time[2]
redis.call('HDEL', meta_key, 'armed_life')
redis.call('HSET', meta_key, 'rebuild_token', token, 'rebuild_epoch', epoch, 'rebuild_kept', 0,
  'rebuild_piece', 0, 'rebuild_at', now_ms())
redis.call('UNLINK', deadlines_key, leases_key, buyers_key, credits_key)

local is_continuous = last_life == life and tonumber(armed_epoch or 0) == last_armed_epoch
return { 'begun', token, is_continuous and 1 or 0 }
