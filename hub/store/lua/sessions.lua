-- Rows, newest activity first, and of the same time the greater name first (as a sorted set has them, backwards).
-- KEYS: 1 rows, 2 the look-up to walk. ARGV: 1 time and 2 name behind which to begin ('' for the newest), 3 limit,
-- 4 label and 5 its value to filter by ('' for none).
-- By bytes, as the set sorts them: Lua's own < goes by the locale of the server.
local function lesser(name, other)
  for at = 1, math.min(#name, #other) do
    local one, two = name:byte(at), other:byte(at)
    if one ~= two then return one < two end
  end
  return #name < #other
end
local found, at, limit = {}, 0, tonumber(ARGV[3])
if ARGV[1] ~= '' then
  -- Of the names of that very time the first lesser one is found by halves: thousands may share it.
  at = redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[1], '+inf')
  local over = at + redis.call('ZCOUNT', KEYS[2], ARGV[1], ARGV[1])
  while at < over do
    local middle = math.floor((at + over) / 2)
    local name = redis.call('ZREVRANGE', KEYS[2], middle, middle)[1]
    if lesser(name, ARGV[2]) then over = middle else at = middle + 1 end
  end
end
repeat
  local names = redis.call('ZREVRANGE', KEYS[2], at, at + 199)
  at = at + #names
  for _, name in ipairs(names) do
    local row = redis.call('HGET', KEYS[1], name)
    if row and #found < 2 * limit and (ARGV[4] == '' or cjson.decode(row).labels[ARGV[4]] == ARGV[5]) then
      found[#found + 1] = name
      found[#found + 1] = row
    end
  end
until #names < 200 or #found >= 2 * limit
return found
