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
local count = 0
for i = 1, #ARGV, 2 do
  local hold_id, outcome = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', holds_key, hold_id)
  if record then
    local state, quantity, deadline, digest, buyer = unpack_hold(record)
    if state == HELD or state == PINNED then
      end_hold(hold_id, outcome, quantity, deadline, digest, buyer, now)
      count = count + 1
    end
  end
end
tell()
return { 'settled', count }
