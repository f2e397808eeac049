-- uses: short head
-- Leave nothing of a session but its residue's name. KEYS: 1 meta, 2 entries, what else goes, the last one the tracks.
-- ARGV: 1 the tail it must have, 2 the name, 3 prefix of audio keys.

if load() then return 0 end
local of, offset, check = take('>c11I8c8', ARGV[1])
if of ~= epoch or offset ~= tail or check_at(tail) ~= check then return 0 end
-- Whoever opens a session subscribes before reading it: who comes now finds it archived, who came before is seen.
if call('PUBSUB', 'SHARDNUMSUB', meta)[2] > 0 then return 0 end
for _, member in ipairs(call('ZRANGE', KEYS[#KEYS], 0, -1)) do call('DEL', ARGV[3] .. member) end
call('DEL', unpack(KEYS))
call('HSET', meta, 'a', ARGV[2])
return 1
