-- end_decided: a piece of a rebuild. It ends those living holds about which SQL has decided. That is final, whatever
-- becomes of the rebuild.
--
-- ARGV: token (of begin_rebuild); two per hold: hold_id, outcome
-- Replies:
--   superseded
--   ended <count>               holds that ended now
-- Again: an ended or unknown hold is left alone.

if not is_rebuilding(ARGV[1]) then return { 'superseded' } end

local ended, kept, ordered_of = {}, 0, {}
for i = 2, #ARGV, 2 do
  local hold_id, outcome = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', holds_key, hold_id)
  if record then
    local _, quantity, _, _, buyer = unpack_hold(record)
    kept = kept - quantity
    ended[#ended + 1] = { hold_id, outcome, record }
    -- SQL has counted it among what its buyer ordered.
    if buyer ~= '' and LETTER_OF[outcome] == 'O' then ordered_of[buyer] = (ordered_of[buyer] or 0) + quantity end
  end
end
if #ended == 0 then return { 'ended', 0 } end

end_holds(ended, now_ms())
return_units(0, ordered_of)
redis.call('HINCRBY', meta_key, 'rebuild_kept', kept)
tell()
return { 'ended', #ended }
