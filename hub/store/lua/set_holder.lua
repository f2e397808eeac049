-- Replace an attachment's holder if it is still the expected one; drop the oldest beyond the bounds.
-- KEYS: 1 meta, 2 holders, 3 their times. ARGV: 1 attachment, 2 value, 3 expected (empty: none), 4 most, 5 kept (ms).
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return 0 end
if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[3] then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], now, ARGV[1])
local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[5], 'LIMIT', 0, 100)
local over = redis.call('ZCARD', KEYS[3]) - ARGV[4]
if over > #gone then gone = redis.call('ZRANGE', KEYS[3], 0, over - 1) end
for _, attachment in ipairs(gone) do
  redis.call('HDEL', KEYS[2], attachment)
  redis.call('ZREM', KEYS[3], attachment)
end
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return 1
