-- Remove a holder whose counter is still ARGV[2], and remember the highest that was removed. ARGV[3] names this very
-- asking, so that one whose answer was lost is answered alike when it is sent again. KEYS: 1 beats, 2 who forgot it,
-- 3 the highest.
if redis.call('GET', KEYS[2]) == ARGV[3] then return 1 end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > tonumber(redis.call('GET', KEYS[3]) or '0') then redis.call('SET', KEYS[3], ARGV[2]) end
redis.call('SET', KEYS[2], ARGV[3], 'EX', 60)
return 1
