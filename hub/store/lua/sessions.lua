-- Rows, newest activity first. KEYS: 1 rows, 2 the look-up to walk. ARGV: 1 below this score, 2 limit,
-- 3 label and 4 its value to filter by ('' for none).
local found, skipped, limit = {}, 0, tonumber(ARGV[2])
repeat
  local names = redis.call('ZREVRANGEBYSCORE', KEYS[2], ARGV[1], '-inf', 'LIMIT', skipped, 200)
  skipped = skipped + #names
  for _, name in ipairs(names) do
    local row = redis.call('HGET', KEYS[1], name)
    if row and #found < 2 * limit and (ARGV[3] == '' or cjson.decode(row).labels[ARGV[3]] == ARGV[4]) then
      found[#found + 1] = name
      found[#found + 1] = row
    end
  end
until #names < 200 or #found >= 2 * limit
return found
