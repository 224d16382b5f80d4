-- settle_holds: carry the outcomes that SQL decided into Redis.
-- An outcome is final, so it also ends a hold that Redis, having lost its newest writes, believes unpinned.
--
-- ARGV: two per hold: hold_id, outcome (as SQL wrote it)
-- Replies:
--   not_armed
--   settled <count>             holds that ended now
-- Again: an ended or unknown hold is left alone.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local ids, outcome_of = {}, {}
for i = 1, #ARGV, 2 do
  local hold_id = ARGV[i]
  if not outcome_of[hold_id] then
    ids[#ids + 1] = hold_id
    outcome_of[hold_id] = ARGV[i + 1]
  end
end
local ended = {}
for n, record in ipairs(redis.call('HMGET', holds_key, unpack(ids))) do
  local state = unpack_hold(record or '')
  if state == HELD or state == PINNED then
    ended[#ended + 1] = { ids[n], outcome_of[ids[n]], record }
  end
end
end_holds(ended, now)
tell()
return { 'settled', #ended }
