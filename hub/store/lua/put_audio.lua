-- Keep sealed batches unless there; a minute goes some time after its last write. Answers 0 if there is no session.
-- KEYS: 1 meta, 2 tracks, 3 … one hash a minute. ARGV: 1 how long (ms), 2 the track, then for each hash its minute,
-- how many pairs, and the pairs of field and sealed batch.
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return 0 end
local clock = redis.call('TIME')
local expires = clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[1]
local at = 3
for i = 3, #KEYS do
  local minute, pairs_here = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  for _ = 1, pairs_here do
    redis.call('HSETNX', KEYS[i], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  redis.call('ZADD', KEYS[2], expires, minute .. '/' .. ARGV[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', expires - ARGV[1])
return 1
