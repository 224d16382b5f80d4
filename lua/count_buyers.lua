-- count_buyers: a piece of a rebuild. It adds the units that buyers have ordered, as SQL says.
--
-- ARGV: token (of begin_rebuild), number of the piece, from 0; two per buyer: buyer, units
-- Replies:
--   superseded
--   counted
-- Again: counted once. Pieces come in their order.

if not is_rebuilding(ARGV[1]) then return { 'superseded' } end
local next_piece, piece = tonumber(redis.call('HGET', meta_key, 'rebuild_piece')), tonumber(ARGV[2])
if piece < next_piece then return { 'counted' } end
if piece > next_piece then return { 'superseded' } end

local units_of = {}
for i = 3, #ARGV, 2 do
  units_of[ARGV[i]] = tonumber(ARGV[i + 1])
end
add_to(buyers_key, units_of)
redis.call('HINCRBY', meta_key, 'rebuild_piece', 1)
return { 'counted' }
