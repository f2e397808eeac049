-- uses: short head
-- Drop entries before ARGV[1], never past the older snapshot nor past a durable cursor. KEYS[3] snapshots.

if load() then return 0 end
local older = call('HGET', KEYS[3], 'old')
if not older then return 0 end
local held = take('>I8', older, 6)
for name in string.gmatch(call('HGET', meta, 'cursors') or '', '[^%z]+') do
  held = math.min(held, tonumber(call('HGET', meta, 'c:' .. name)))
end
local keep_from = math.min(tonumber(ARGV[1]), held + 1, tail + 1)
if keep_from <= first then return 0 end
local newest_gone = call('XRANGE', entries, keep_from - 1, keep_from - 1)[1][2][2]
local gone = keep_from - first
first, base = keep_from, digest_in(newest_gone)
call('XTRIM', entries, 'MINID', keep_from)
call('HSET', meta, 'h', packed_head())
return gone
