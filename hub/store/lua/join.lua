-- uses: producer
-- One consistent read: meta, the newest snapshot, the entries after it; opens a producer if one is named.
-- KEYS[4] snapshots. ARGV: 1 producer or '', 2 limit. Reading snapshot and tail apart gave joins with holes.

if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return false end
local snapshot = redis.call('HGET', KEYS[4], 'new')
local from = snapshot and string.format('(%.0f', (struct.unpack('>I8', snapshot, 6))) or '-'
local opened = ARGV[1] ~= '' and open_producer(ARGV[1]) or {}
return {redis.call('HGETALL', KEYS[1]), snapshot, redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[2]), opened}
