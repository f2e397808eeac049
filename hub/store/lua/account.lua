-- Add to a day what a session used more than is counted. KEYS: 1 counted, 2 days, 3 closed. ARGV: 1 session, 2 day,
-- 3 names of the figures with spaces between, 4 how long what is closed is remembered (ms), 5 and on the figures.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[4], 'LIMIT', 0, 16)) do
  redis.call('HDEL', KEYS[1], gone)
  redis.call('ZREM', KEYS[3], gone)
end
local counted, before = redis.call('HGET', KEYS[1], ARGV[1]), {}
for figure in string.gmatch(counted or '', '%d+') do before[#before + 1] = tonumber(figure) end
local after, at = {}, 0
for name in string.gmatch(ARGV[3], '%S+') do
  at = at + 1
  local was, now_used = before[at] or 0, tonumber(ARGV[4 + at])
  if now_used > was then
    redis.call('HINCRBY', KEYS[2], ARGV[2] .. '/' .. name, string.format('%d', now_used - was))
    was = now_used
  end
  after[at] = string.format('%d', was)
end
if not counted then redis.call('HINCRBY', KEYS[2], ARGV[2] .. '/sessions', 1) end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(after, ' '))
return 1
