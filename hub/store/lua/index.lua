-- Write a session's row and its look-ups. KEYS: 1 rows, 2 by activity, 3 makers, 4 places without a row. ARGV: 1
-- session, 2 row (JSON) or '' to remove it, 3 only if there is none ('1'), 4 prefix of look-ups.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and ARGV[3] == '1' then return 0 end
local maker = redis.call('HGET', KEYS[3], ARGV[1])
local function lookups(row)
  local names = {}
  for _, name in ipairs(row.participants) do names[#names + 1] = ARGV[4] .. 'p:' .. name end
  for name, value in pairs(row.labels) do names[#names + 1] = ARGV[4] .. 'l:' .. name .. '=' .. value end
  if maker and not row.ended then names[#names + 1] = ARGV[4] .. 'o:' .. maker end
  return names
end
if old then
  for _, name in ipairs(lookups(cjson.decode(old))) do redis.call('ZREM', name, ARGV[1]) end
end
local row = ARGV[2] ~= '' and cjson.decode(ARGV[2])
if maker then
  redis.call('ZREM', KEYS[4], ARGV[1])
  if not row or row.ended then
    redis.call('ZREM', ARGV[4] .. 'o:' .. maker, ARGV[1])
    redis.call('HDEL', KEYS[3], ARGV[1])
  end
end
if not row then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return redis.call('ZREM', KEYS[2], ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], row.last, ARGV[1])
for _, name in ipairs(lookups(row)) do redis.call('ZADD', name, row.last, ARGV[1]) end
return 1
