-- read_hold: what became of a hold.
-- An overdue hold is reported expired even before anybody ended it: a deadline is exact.
--
-- ARGV: hold_id
-- Replies:
--   not_armed
--   unknown
--   lost
--   hold <state> <quantity> <deadline_ms> <now_ms>   held, pinned, ordered, released or expired
-- Again: reads only.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local record = find_hold(ARGV[1])
if not record then return { missing_hold(now) } end

local state, quantity, deadline = unpack_hold(record)
local word = WORD_OF[state]
if word == 'lost' then return { 'lost' } end
if state == HELD and deadline <= now then word = 'expired' end
return { 'hold', word, quantity, deadline, now }
