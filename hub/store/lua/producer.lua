-- Open the next epoch of a producer. A part, put before scripts; KEYS[3] producers.

local function open_producer(name)
  local state = redis.call('HGET', KEYS[3], name)
  local opened, last = 0, 0
  if state then
    local _
    _, opened, last = struct.unpack('>BI8I8', state)
  end
  redis.call('HSET', KEYS[3], name, struct.pack('>BI8I8', 1, opened + 1, last))
  return {opened + 1, last}
end
