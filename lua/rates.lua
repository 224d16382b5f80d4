-- rates: how often buyers and addresses ask, for place_holds. It comes between sale.lua and the script.
-- A sliding window made of two fixed ones: what was asked in this one, and of the last one the part that still counts
-- (https://blog.cloudflare.com/counting-things-a-lot-of-different-things/). Each has a hash of its own, by name, with
-- its number under the empty name; two take turns, so that what is over goes as a whole.
-- What is refused for its rate is not counted: whoever asks too often is let through at the rate, not locked out.

-- asked: the columns of the requests. A rate of 0 is none. Returns nil when nobody is to be counted.
local function open_rates(now, asked)
  local of_buyers, of_addresses = unpack(redis.call('HMGET', meta_key, 'buyer_rate', 'address_rate'))
  of_buyers, of_addresses = tonumber(of_buyers or 0), tonumber(of_addresses or 0)
  -- Of the kinds that are limited; and their names, request by request, '': not to be counted.
  local kinds, rates, names = {}, {}, {}
  if of_buyers > 0 then kinds[1], rates[1] = 'buyer', of_buyers end
  if of_addresses > 0 then kinds[#kinds + 1], rates[#rates + 1] = 'address', of_addresses end
  local per_request = #kinds
  if per_request == 0 then return nil end
  for n = 1, #asked.ids do
    for kind = 1, per_request do
      names[#names + 1] = asked[kinds[kind] .. '_names'][n]
    end
  end

  local number, elapsed = math.floor(now / RATE_WINDOW_MS), now % RATE_WINDOW_MS
  local key, last_key = even_rates_key, odd_rates_key
  if number % 2 == 1 then key, last_key = odd_rates_key, even_rates_key end
  -- As they were, the window's number first; and with what is counted now.
  local counts = redis.call('HMGET', key, '', unpack(names))
  local last_counts = redis.call('HMGET', last_key, '', unpack(names))
  local is_begun = tonumber(counts[1] or 0) == number
  if not is_begun then counts = {} end
  if tonumber(last_counts[1] or 0) ~= number - 1 then last_counts = {} end
  local last_share, totals = 1 - elapsed / RATE_WINDOW_MS, {}
  local left = { of_buyers, of_addresses }

  local function left_at(at, kind)
    return rates[kind] - (totals[names[at]] or counts[at + 1] or 0) - (last_counts[at + 1] or 0) * last_share
  end

  -- Says how much is left for request n, unless that was said when it was counted.
  local function tell_left(n)
    for kind = 1, per_request do
      local at = (n - 1) * per_request + kind
      left[at + 2] = left[at + 2] or (names[at] == '' and -1 or math.max(0, left_at(at, kind)))
    end
  end

  -- Until one more is within the rate, if nobody else of that name asks.
  local function wait_at(at, kind)
    local asked, rate = totals[names[at]] or tonumber(counts[at + 1] or 0), rates[kind]
    if asked < rate then
      return math.ceil(RATE_WINDOW_MS * (1 - (rate - 1 - asked) / last_counts[at + 1])) - elapsed
    end
    return math.ceil(RATE_WINDOW_MS * (2 - (rate - 1) / asked)) - elapsed
  end

  -- Counts request n, unless it is refused for one of its names.
  local function refuse(n)
    local first = (n - 1) * per_request
    for kind = 1, per_request do
      local at = first + kind
      if names[at] ~= '' and left_at(at, kind) < 1 then
        return { 'too_many_requests', kinds[kind], wait_at(at, kind) }
      end
    end
    for kind = 1, per_request do
      local at = first + kind
      local name = names[at]
      left[at + 2] = name == '' and -1 or left_at(at, kind) - 1
      if name ~= '' then totals[name] = (totals[name] or counts[at + 1] or 0) + 1 end
    end
  end

  local function close()
    if not next(totals) then return end
    local fields, size = { '', number }, 2
    for name, total in pairs(totals) do
      fields[size + 1], fields[size + 2] = name, total
      size = size + 2
    end
    if not is_begun then redis.call('DEL', key) end
    redis.call('HSET', key, unpack(fields))
    if not is_begun then redis.call('PEXPIRE', key, 2 * RATE_WINDOW_MS) end
  end

  return { refuse = refuse, tell_left = tell_left, close = close, left = left }
end
