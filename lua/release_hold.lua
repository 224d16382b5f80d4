-- release_hold: the buyer gives the units back before the deadline.
-- A pinned hold is being ordered: only SQL may say what becomes of it.
--
-- ARGV: hold_id
-- Replies:
--   not_armed
--   unknown
--   lost
--   released
--   expired
--   pinned
--   ordered
-- Again: a released hold answers released and gives nothing back.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
local hold_id = ARGV[1]
local record = find_hold(hold_id)
if not record then return { missing_hold(now) } end

local state, _, deadline = unpack_hold(record)
if state ~= HELD then return { WORD_OF[state] } end

local word = deadline <= now and 'expired' or 'released'
end_holds({ { hold_id, word, record } }, now)
tell()
return { word }
