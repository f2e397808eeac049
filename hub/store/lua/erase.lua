-- Remove everything of a session, leave a tombstone, tell the subscribers.
-- KEYS: 1 meta, 2 … what goes, the last one the tracks (members MINUTE/TRACK). ARGV: 1 seconds, 2 prefix of audio keys.
local tracks = KEYS[#KEYS]
for _, member in ipairs(redis.call('ZRANGE', tracks, 0, -1)) do redis.call('DEL', ARGV[2] .. member) end
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'x', '1')
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('SPUBLISH', KEYS[1], 'X')
return 1
