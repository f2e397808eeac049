-- Set or clear ('') a deadline; with ARGV[3] only if it still is that. ARGV: 1 member, 2 deadline, 3 seen or ''.
if ARGV[3] ~= '' then
  local now = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not now or tonumber(now) ~= tonumber(ARGV[3]) then return 0 end
end
if ARGV[2] == '' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
