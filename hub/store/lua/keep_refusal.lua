-- Keep what was refused among a session's newest. KEYS: 1 meta, 2 refusals. ARGV: 1 sealed, 2 most, 3 kept (ms).
if redis.call('HEXISTS', KEYS[1], 'h') == 0 and redis.call('HEXISTS', KEYS[1], 'a') == 0 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('LTRIM', KEYS[2], -ARGV[2], -1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
