-- Remove a minute of sound, or some fields of it: what came after they were read stays.
-- KEYS: 1 tracks, 2 the minute's hash. ARGV: 1 how the minute is noted, 2 empty for all of it, then fields.
if ARGV[2] == '' then redis.call('DEL', KEYS[2]) end
for i = 3, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
