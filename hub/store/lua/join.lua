-- uses: producer
-- One consistent read: head, rights, the newest snapshot, the entries after it; opens a producer if one is named.
-- KEYS[3] snapshots. ARGV: 1 producer or '', 2 limit. Reading snapshot and tail apart gave joins with holes.

local got = redis.call('HMGET', KEYS[1], 'h', 'rights')
if not got[1] then return false end
local rights = {}
for name in string.gmatch(got[2] or '', '[^%z]+') do
  rights[#rights + 1] = name
  rights[#rights + 1] = redis.call('HGET', KEYS[1], 'r:' .. name)
end
local snapshot = redis.call('HGET', KEYS[3], 'new')
local from = snapshot and string.format('(%.0f', (struct.unpack('>I8', snapshot, 6))) or '-'
local opened = ARGV[1] ~= '' and open_producer(ARGV[1]) or {}
return {got[1], snapshot, redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[2]), opened, rights}
