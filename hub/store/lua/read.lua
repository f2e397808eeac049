-- Entries after ARGV[1], at most ARGV[2], with the head that they belong to.
local head = redis.call('HGET', KEYS[1], 'h')
if not head then return false end
return {head, redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])}
