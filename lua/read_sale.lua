-- read_sale: a sale's stock, state and window in one consistent look.
-- Overdue holds are ended first (a bounded number), so the figure is right without any worker.
--
-- ARGV: reap_limit
-- Replies:
--   not_armed
--   sale <now_ms> <epoch> <state> <opens_at_ms> <closes_at_ms or 0> <allotment> <available> <holds> <pins>
-- Again: reads only, but for holds that are over.

if not is_armed() then return { 'not_armed' } end

local now = now_ms()
reap(now, tonumber(ARGV[1]))
local meta = redis.call('HMGET', meta_key, 'epoch', 'state', 'opens_at', 'closes_at', 'allotment', 'available')
tell(meta[6])
return {
  'sale',
  now,
  tonumber(meta[1]),
  meta[2],
  tonumber(meta[3]),
  tonumber(meta[4]),
  tonumber(meta[5]),
  tonumber(meta[6]),
  redis.call('ZCARD', deadlines_key),
  redis.call('ZCARD', leases_key),
}
