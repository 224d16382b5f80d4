-- sale: what every script knows. It is put in front of each of them; see README.md.

local meta_key, holds_key, deadlines_key, leases_key, past_key, ended_key, idempotency_key, buyers_key, credits_key,
  events_key, even_rates_key, odd_rates_key = unpack(KEYS)

-- A hold is one string: state|quantity|deadline_ms|idempotency digest|buyer. The buyer comes last because it
-- is the only part that may contain the separator.
local HELD, PINNED = 'H', 'P'
local WORD_OF = { H = 'held', P = 'pinned', O = 'ordered', R = 'released', E = 'expired', L = 'lost' }
-- Sold or withdrawn: to Redis such units are gone for good.
local LETTER_OF = { ordered = 'O', withdrawn = 'O', released = 'R', expired = 'E', lost = 'L' }

local function pack_hold(state, quantity, deadline, digest, buyer)
  return state .. '|' .. quantity .. '|' .. deadline .. '|' .. digest .. '|' .. buyer
end

local function unpack_hold(record)
  local state, quantity, deadline, digest, buyer = string.match(record, '^(%u)|(%d+)|(%d+)|([^|]*)|(.*)$')
  return state, tonumber(quantity), tonumber(deadline), digest, buyer
end

-- Milliseconds by Redis' clock, the only clock that decides about holds.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Names this life of the data: the process, and its reign as master. A process that is demoted, takes over another's
-- older data and is promoted again keeps its run id, but gets a new replication id.
local function server_life()
  local info = redis.call('INFO', 'server', 'replication')
  -- Found as plain text, of forty letters each: a pattern would cost twice as much as INFO, in every call.
  local _, run_id = string.find(info, '\nrun_id:', 1, true)
  local _, reign = string.find(info, '\nmaster_replid:', 1, true)
  return string.sub(info, run_id + 1, run_id + 40) .. '.' .. string.sub(info, reign + 1, reign + 40)
end

-- Only the very life that a rebuild vouched for may decide anything: a restarted, flushed or promoted Redis has
-- another name or no meta, whatever else it remembers.
local function is_armed()
  return redis.call('HGET', meta_key, 'armed_life') == server_life()
end

-- Whether the rebuild of this token is the one under way, in this very life of the data: nothing else changes the sale.
local function is_rebuilding(token)
  local life = server_life()
  return string.sub(token, 1, #life) == life and redis.call('HGET', meta_key, 'rebuild_token') == token
end

-- What this call changes, for whoever watches: two lines per change, what it is about and a record of what it is now.
local changes = {}

local function note(about, record)
  changes[#changes + 1] = about
  changes[#changes + 1] = record
end

-- Puts the changes of this call on the sale's stream, as one entry with the units available after them. Comes last, and
-- nothing depends on it: a stream that cannot be written stops no sale.
local function tell(available)
  if #changes == 0 then return end
  available = available or redis.call('HGET', meta_key, 'available')
  redis.pcall('XADD', events_key, 'MAXLEN', '~', EVENTS_KEPT_MAX, '*',
    'available', available, 'changes', table.concat(changes, '\n'))
end

-- Adds to many fields of a hash: two commands cost less than one for each.
local function add_to(key, amounts)
  local fields, sums = {}, {}
  for field in pairs(amounts) do
    fields[#fields + 1] = field
  end
  if #fields == 1 then return redis.call('HINCRBY', key, fields[1], amounts[fields[1]]) end
  local values = redis.call('HMGET', key, unpack(fields))
  for i, field in ipairs(fields) do
    sums[2 * i - 1], sums[2 * i] = field, (values[i] or 0) + amounts[field]
  end
  redis.call('HSET', key, unpack(sums))
end

-- Units of holds that end without an order are available again, and their buyers may hold again.
local function return_units(units, units_of)
  redis.call('HINCRBY', meta_key, 'available', units)
  for buyer, less in pairs(units_of) do
    if redis.call('HINCRBY', buyers_key, buyer, -less) <= 0 then redis.call('HDEL', buyers_key, buyer) end
  end
end

-- Moves holds to their last state, each given as { hold_id, word, record }; returns how many units came back. Callers
-- have made sure that each is held or pinned and comes once, so units move once, and tell. Written in few calls: when
-- a rush is over, its holds end by the hundred.
local function end_holds(ended, now)
  if #ended == 0 then return 0 end
  local ids, records, times, units_by_word, returned, returned_to = {}, {}, {}, {}, 0, {}
  for n, hold in ipairs(ended) do
    local hold_id, word, record = unpack(hold)
    local _, quantity, _, _, buyer = unpack_hold(record)
    record = LETTER_OF[word] .. string.sub(record, 2)
    ids[n] = hold_id
    records[2 * n - 1], records[2 * n] = hold_id, record
    times[2 * n - 1], times[2 * n] = now, hold_id
    note(hold_id, word == 'withdrawn' and 'W' .. string.sub(record, 2) or record)
    units_by_word[word] = (units_by_word[word] or 0) + quantity
    if word ~= 'ordered' and word ~= 'withdrawn' then
      returned = returned + quantity
      if buyer ~= '' then returned_to[buyer] = (returned_to[buyer] or 0) + quantity end
    end
  end
  redis.call('ZREM', deadlines_key, unpack(ids))
  redis.call('ZREM', leases_key, unpack(ids))
  redis.call('HDEL', holds_key, unpack(ids))
  redis.call('HSET', past_key, unpack(records))
  redis.call('ZADD', ended_key, unpack(times))
  for word, units in pairs(units_by_word) do
    local is_withdrawn = word == 'withdrawn'
    redis.call('HINCRBY', meta_key, is_withdrawn and 'allotment' or word .. '_units', is_withdrawn and -units or units)
    redis.call('HINCRBY', meta_key, 'past_units', units)
  end
  if returned > 0 then return_units(returned, returned_to) end
  return returned
end

-- Ends up to `limit` overdue holds, oldest first; callers tell. Returns the units that came back, how many holds ended,
-- and the deadline of the oldest.
local function reap(now, limit)
  local overdue = redis.call('ZRANGEBYSCORE', deadlines_key, '-inf', now, 'LIMIT', 0, limit)
  if #overdue == 0 then return 0, 0, nil end
  local ended = {}
  for n, record in ipairs(redis.call('HMGET', holds_key, unpack(overdue))) do
    if record then ended[#ended + 1] = { overdue[n], 'expired', record } end
    if not record then redis.call('ZREM', deadlines_key, overdue[n]) end
  end
  return end_holds(ended, now), #overdue, ended[1] and (select(3, unpack_hold(ended[1][3])))
end

-- The record of a hold that lives or ended not long ago.
local function find_hold(hold_id)
  return redis.call('HGET', holds_key, hold_id) or redis.call('HGET', past_key, hold_id)
end

-- What to say of a hold that is not here: after a loss of data nobody can know that it never existed.
local function missing_hold(now)
  local remembered_until = tonumber(redis.call('HGET', meta_key, 'loss_remembered_until') or 0)
  if now < remembered_until then return 'lost' end
  return 'unknown'
end
