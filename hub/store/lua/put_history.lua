-- Keep sealed ended entries under their ordinals (the scores); one that is there stays.
-- KEYS: 1 meta, 2 history. ARGV: ordinal, member, ordinal, member, …
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return 0 end
for i = 1, #ARGV, 2 do
  if redis.call('ZCOUNT', KEYS[2], ARGV[i], ARGV[i]) == 0 then redis.call('ZADD', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1
