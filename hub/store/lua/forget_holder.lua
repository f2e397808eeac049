-- Remove a holder whose counter is still ARGV[2]. ARGV[3] names this very asking, so that one whose answer was
-- lost is answered alike when it is sent again. KEYS: 1 beats, 2 who forgot it.
if redis.call('GET', KEYS[2]) == ARGV[3] then return 1 end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[3], 'EX', 60)
return 1
