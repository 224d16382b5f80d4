-- mark_rebuild: say that a rebuild goes on, so that nobody else begins one.
-- Economy only: whoever begins another one all the same overtakes this one, and that is safe.
--
-- ARGV: token (of begin_rebuild)
-- Replies:
--   superseded
--   marked
-- Again: the same.

if not is_rebuilding(ARGV[1]) then return { 'superseded' } end
redis.call('HSET', meta_key, 'rebuild_at', now_ms())
return { 'marked' }
