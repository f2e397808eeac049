-- uses: short head
-- Keep a snapshot and the one before it. KEYS[3] snapshots. ARGV: 1 position, 2 the snapshot.
-- Refused: not on the log, not newer than a kept one, or one of a higher fold version is kept.

if load() then return 0 end
local of, offset, check = take('>c11I8c8', ARGV[1])
local _, version = take('>BI4', ARGV[2])
if of == 'AAAAAAAAAAA' or place(of, offset, check) ~= 'on' then return 0 end
local kept = call('HMGET', KEYS[3], 'new', 'old')
for i = 1, 2 do
  if kept[i] then
    local _, kept_version, kept_offset = take('>BI4I8', kept[i])
    if kept_version > version or kept_offset >= offset then return 0 end
  end
end
if kept[1] then call('HSET', KEYS[3], 'old', kept[1]) end
call('HSET', KEYS[3], 'new', ARGV[2])
return 1
