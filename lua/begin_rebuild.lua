-- begin_rebuild: stop deciding, and say which holds survive.
-- SQL's epoch was raised before: no order vouched for by an older epoch can commit any more, so what SQL says
-- about the returned holds stays true until the rebuild is committed.
--
-- ARGV: epoch, last_armed_epoch (the last one at which any Redis was armed)
-- Replies:
--   superseded                             a rebuild of this or a newer epoch was here; nothing changed
--   begun <token> <continuous 1|0> <hold_id>...    only the commit that brings this token is accepted;
--     continuous: this life was armed last, so it has seen every hold
-- Again: superseded; where that was forgotten with the data, another token.

local epoch, last_armed_epoch = tonumber(ARGV[1]), tonumber(ARGV[2])
local life = server_life()
local armed_epoch, begun_epoch, last_life =
  unpack(redis.call('HMGET', meta_key, 'epoch', 'rebuild_epoch', 'last_life'))
if tonumber(armed_epoch or 0) >= epoch or tonumber(begun_epoch or 0) >= epoch then return { 'superseded' } end

local time = redis.call('TIME')
local token = life .. '.' .. time[1] .. '.' .. time[2]
redis.call('HDEL', meta_key, 'armed_life')
redis.call('HSET', meta_key, 'rebuild_token', token, 'rebuild_epoch', epoch)

local is_continuous = last_life == life and tonumber(armed_epoch or 0) == last_armed_epoch
local reply = { 'begun', token, is_continuous and 1 or 0 }
local records = redis.call('HGETALL', holds_key)
for i = 1, #records, 2 do
  local state = unpack_hold(records[i + 1])
  if state == HELD or state == PINNED then reply[#reply + 1] = records[i] end
end
return reply
