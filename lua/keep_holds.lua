-- keep_holds: a piece of a rebuild. It goes over some of the living holds, says which they are, and derives anew what
-- follows from them: the two sorted sets and the buyers' units.
-- In pieces, because while Redis goes over a million holds nobody else is served. The sale is disarmed, so its holds
-- stand still. A scan may find one twice: it is counted when it comes into its set.
--
-- ARGV: token (of begin_rebuild), cursor ('0' begins), count (about how many), lease_ms, ttl_max_ms
-- Replies:
--   superseded
--   kept <cursor of the next piece, '0' when there is none> <hold_id>...
-- Again: the same.

if not is_rebuilding(ARGV[1]) then return { 'superseded' } end

local now = now_ms()
local lease, furthest = tonumber(ARGV[4]), now + tonumber(ARGV[5])
local cursor, records = unpack(redis.call('HSCAN', holds_key, ARGV[2], 'COUNT', ARGV[3]))
local reply = { 'kept', cursor }
local kept, units_of = 0, {}
for i = 1, #records, 2 do
  local hold_id = records[i]
  local state, quantity, deadline, digest, buyer = unpack_hold(records[i + 1])
  if state == HELD or state == PINNED then
    reply[#reply + 1] = hold_id
    if deadline > furthest then
      -- The clock was set back: nobody's units may wait for it to catch up.
      deadline = furthest
      redis.call('HSET', holds_key, hold_id, pack_hold(state, quantity, deadline, digest, buyer))
    end
    local is_held = state == HELD
    local score = is_held and deadline or math.min(now, deadline) + lease
    if redis.call('ZADD', is_held and deadlines_key or leases_key, score, hold_id) == 1 then
      kept = kept + quantity
      if buyer ~= '' then units_of[buyer] = (units_of[buyer] or 0) + quantity end
    end
  else
    -- A damaged record says nothing that could be kept.
    redis.call('HDEL', holds_key, hold_id)
  end
end
if kept > 0 then redis.call('HINCRBY', meta_key, 'rebuild_kept', kept) end
if next(units_of) then add_to(buyers_key, units_of) end
return reply
