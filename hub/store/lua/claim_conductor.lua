-- ARGV: 1 node, 2 who was seen as conductor. Returns who it is now.
local got = redis.call('HMGET', KEYS[1], 'h', 'k')
if not got[1] then return '' end
local now = got[2] or ''
if now ~= ARGV[2] then return now end
redis.call('HSET', KEYS[1], 'k', ARGV[1])
return ARGV[1]
