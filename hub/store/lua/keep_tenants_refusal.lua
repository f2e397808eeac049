-- Keep what was refused among a tenant's newest. KEYS: 1 refusals. ARGV: 1 sealed, 2 most, 3 kept (ms).
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -ARGV[2], -1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
