-- What was refused, and the head of the list, as they stand together. KEYS: 1 refusals, 2 their head.
return {redis.call('GET', KEYS[2]) or '', redis.call('LRANGE', KEYS[1], 0, -1)}
