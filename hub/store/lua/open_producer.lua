-- uses: producer
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return false end
return open_producer(ARGV[1])
