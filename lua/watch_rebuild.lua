-- watch_rebuild: whether a rebuild of this life of the data goes on.
--
-- ARGV: none
-- Replies:
--   idle
--   under_way <age_ms>    of its last sign of life, negative when the clock was set back
-- Again: reads only.

local token, marked_at = unpack(redis.call('HMGET', meta_key, 'rebuild_token', 'rebuild_at'))
if not token or not marked_at or not is_rebuilding(token) then return { 'idle' } end
return { 'under_way', now_ms() - marked_at }
