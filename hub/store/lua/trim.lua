-- uses: short head
-- Drop entries before ARGV[1], never past the older snapshot nor past a durable cursor. KEYS[3] snapshots.

if load() then return 0 end
local older = call('HGET', KEYS[3], 'old')
if not older then return 0 end
local held = take('>I8', older, 6)
local fields = call('HGETALL', meta)
for i = 1, #fields, 2 do
  if sub(fields[i], 1, 2) == 'c:' then held = math.min(held, tonumber(fields[i + 1])) end
end
local keep_from = math.min(tonumber(ARGV[1]), held + 1, tail + 1)
if keep_from <= first then return 0 end
local entry = call('XRANGE', entries, keep_from - 1, keep_from - 1)[1][2][2]
local from = 29 + byte(entry, 28)
local gone = keep_from - first
first, base = keep_from, sub(entry, from, from + 19)
call('XTRIM', entries, 'MINID', keep_from)
call('HSET', meta, 'h', packed_head())
return gone
