-- Keep what was refused as the newest of a list, if its head is still the one that it follows.
-- KEYS: 1 refusals, 2 their head, 3 meta (of a session; none: a tenant's).
-- ARGV: 1 record, 2 head before (empty: none), 3 head then, 4 most, 5 kept (ms).
if KEYS[3] and redis.call('HEXISTS', KEYS[3], 'h') == 0 and redis.call('HEXISTS', KEYS[3], 'a') == 0 then return false end
local head = redis.call('GET', KEYS[2]) or ''
if head ~= ARGV[2] then return head end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -ARGV[4], -1)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5])
return ARGV[3]
