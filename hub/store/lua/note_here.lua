-- Note that somebody is at a console. KEYS: 1 who, 2 their times. ARGV: 1 participant, 2 said, 3 gap, 4 most, 5 kept (ms).
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local last = redis.call('ZSCORE', KEYS[2], ARGV[1])
local since = string.format('%d', now)
if last and now - last <= tonumber(ARGV[3]) then
  since = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^%d+') or since
end
redis.call('HSET', KEYS[1], ARGV[1], since .. ':' .. ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5], 'LIMIT', 0, 100)
local over = redis.call('ZCARD', KEYS[2]) - ARGV[4]
if over > #gone then gone = redis.call('ZRANGE', KEYS[2], 0, over - 1) end
for _, participant in ipairs(gone) do
  redis.call('HDEL', KEYS[1], participant)
  redis.call('ZREM', KEYS[2], participant)
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
