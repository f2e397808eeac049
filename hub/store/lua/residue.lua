-- Everything small of a session, in one consistent read. KEYS: 1 meta, 2 snapshots, 3 history, 4 holders, 5 held.
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return false end
return {
  redis.call('HGETALL', KEYS[1]), redis.call('HGET', KEYS[2], 'new'), redis.call('ZRANGE', KEYS[3], 0, -1),
  redis.call('HGETALL', KEYS[4]), redis.call('ZRANGE', KEYS[5], 0, -1, 'WITHSCORES')
}
