-- The session is erased. KEYS: 1 counted, 2 closed. ARGV: 1 session.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[2], 'NX', clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[1])
return 1
