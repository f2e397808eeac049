-- A durable cursor only goes forward. ARGV: 1 name, 2 offset.
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return 0 end
local field = 'c:' .. ARGV[1]
local known = tonumber(redis.call('HGET', KEYS[1], field) or 0)
if tonumber(ARGV[2]) >= known then redis.call('HSET', KEYS[1], field, ARGV[2]) end
return 1
