-- list_holds: the holds of a sale in the order of one of its lists, for operators.
-- Overdue holds are ended first (a bounded number), so that what is listed as held is held. One call looks at a
-- bounded number of records, however few of them are asked for, and says where the next one goes on.
--
-- ARGV: list (held: by deadline; pinned: by the end of their lease; ended: newest first), after_score ('': from the
--   beginning), after_hold_id, limit, look_limit, state ('': any), buyer ('': any), reap_limit
-- Replies:
--   not_armed
--   holds <now_ms> <last_score> <last_hold_id> (<hold_id> <state> <quantity> <deadline_ms> <score> <buyer>)...
--     last: where the next call goes on; '' when there is nothing behind it
-- Again: reads only, but for holds that are over.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
reap(now, tonumber(ARGV[8]))
tell()
local list, after_score, after_hold_id = ARGV[1], ARGV[2], ARGV[3]
local limit, look_limit, state_asked, buyer_asked = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
local is_ended = list == 'ended'
local list_key = is_ended and ended_key or (list == 'pinned' and leases_key or deadlines_key)
local records_key = is_ended and past_key or holds_key

-- As Redis sorts names: byte by byte. Lua's own comparison follows the locale that Redis was started in.
local function comes_before(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- How many come before that hold. Counted, because it may have left the list, and many share a millisecond.
local function rank_of(score, hold_id)
  local low = redis.call('ZCOUNT', list_key, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', list_key, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if comes_before(redis.call('ZRANGE', list_key, middle, middle)[1], hold_id) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- Ranks to look at, from first to last in steps of one; backwards for the newest first.
local size = redis.call('ZCARD', list_key)
local first, last, step
if is_ended then
  first = (after_score == '' and size or rank_of(after_score, after_hold_id)) - 1
  last, step = math.max(first - look_limit + 1, 0), -1
else
  first = after_score == '' and 0 or rank_of(after_score, after_hold_id)
  if after_score ~= '' and redis.call('ZRANGE', list_key, first, first)[1] == after_hold_id then first = first + 1 end
  last, step = math.min(first + look_limit, size) - 1, 1
end
if first < 0 or first >= size then return { 'holds', now, '', '' } end

local low = math.min(first, last)
local entries = redis.call('ZRANGE', list_key, low, math.max(first, last), 'WITHSCORES')
local ids = {}
for i = 1, #entries, 2 do
  ids[#ids + 1] = entries[i]
end
local records = redis.call('HMGET', records_key, unpack(ids))

local reply = { 'holds', now, '', '' }
local found = 0
for rank = first, last, step do
  local n = rank - low + 1
  local hold_id, score, record = ids[n], entries[n * 2], records[n]
  local state, quantity, deadline, _, buyer = unpack_hold(record or '')
  local word = state and WORD_OF[state]
  -- Left over by a reap that had enough: over all the same.
  if state == HELD and deadline <= now then word = 'expired' end
  if word and (state_asked == '' or word == state_asked) and (buyer_asked == '' or buyer == buyer_asked) then
    for _, value in ipairs({ hold_id, word, quantity, deadline, score, buyer }) do
      reply[#reply + 1] = value
    end
    found = found + 1
  end
  local is_last_of_list = is_ended and rank == 0 or not is_ended and rank == size - 1
  if not is_last_of_list and (found == limit or rank == last) then
    reply[3], reply[4] = score, hold_id
    break
  end
end
return reply
