-- Open the next epoch of a producer. A part, put before scripts.

local function open_producer(name)
  local state = redis.call('HGET', KEYS[1], 'p:' .. name)
  local opened, last = 0, 0
  if state then
    opened, last = struct.unpack('>I8I8', state, 2)
  end
  redis.call('HSET', KEYS[1], 'p:' .. name, struct.pack('>BI8I8', 1, opened + 1, last))
  return {opened + 1, last}
end
