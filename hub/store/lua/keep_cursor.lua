-- A durable cursor only goes forward. ARGV: 1 name, 2 offset. `cursors` lists the names, each ended by 00.
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return 0 end
local field = 'c:' .. ARGV[1]
local known = redis.call('HGET', KEYS[1], field)
if not known then
  local names = redis.call('HGET', KEYS[1], 'cursors') or ''
  redis.call('HSET', KEYS[1], 'cursors', names .. ARGV[1] .. '\0')
end
if tonumber(ARGV[2]) >= tonumber(known or 0) then redis.call('HSET', KEYS[1], field, ARGV[2]) end
return 1
