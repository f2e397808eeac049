-- A session's place among those that its maker has open. KEYS: 1 rows, 2 makers, 3 places without a row by when they
-- were taken (ms). ARGV: 1 what, 2 session, 3 prefix of look-ups; of `take`: 4 maker, 5 most. `take`: 0 none is free,
-- 1 taken, 2 the session is there or being made.
local what, session = ARGV[1], ARGV[2]
local function leave(name)
  local maker = redis.call('HGET', KEYS[2], name)
  if maker then redis.call('ZREM', ARGV[3] .. 'o:' .. maker, name) end
  redis.call('HDEL', KEYS[2], name)
  return redis.call('ZREM', KEYS[3], name)
end
if what == 'leave' then
  if redis.call('HEXISTS', KEYS[1], session) == 0 then leave(session) end
  return 1
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if what ~= 'take' then
  local maker = redis.call('HGET', KEYS[2], session)
  if not maker then return 1 end
  if what == 'rest' then return redis.call('ZREM', ARGV[3] .. 'o:' .. maker, session) end
  local row = redis.call('HGET', KEYS[1], session)
  if row and not cjson.decode(row).ended then redis.call('ZADD', ARGV[3] .. 'o:' .. maker, now, session) end
  return 1
end
-- A node that died between place and row left it: a minute later nobody comes with a row for it.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - 60000, 'LIMIT', 0, 100)) do leave(name) end
if redis.call('HEXISTS', KEYS[1], session) == 1 or redis.call('HEXISTS', KEYS[2], session) == 1 then return 2 end
local open = ARGV[3] .. 'o:' .. ARGV[4]
if redis.call('ZCARD', open) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[2], session, ARGV[4])
redis.call('ZADD', open, now, session)
redis.call('ZADD', KEYS[3], now, session)
return 1
