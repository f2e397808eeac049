-- The chain of a log, byte for byte as legato/session/chain.py lays it out. A part, put before scripts.

local function link(previous, offset, time, flags, producer, sequence, index, sealed)
  local hex = redis.sha1hex(previous .. struct.pack('>I8I8BB', offset, time, flags, #producer) .. producer
    .. struct.pack('>I8B', sequence, index) .. string.sub(sealed, 1, 13) .. string.sub(sealed, -16))
  return struct.pack('>I4I4I4I4I4',
    tonumber(string.sub(hex, 1, 8), 16), tonumber(string.sub(hex, 9, 16), 16),
    tonumber(string.sub(hex, 17, 24), 16), tonumber(string.sub(hex, 25, 32), 16),
    tonumber(string.sub(hex, 33, 40), 16))
end
