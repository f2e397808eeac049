-- The chain of a log, byte for byte as legato/session/chain.py lays it out. A part, put before scripts.

local function link(previous, offset, time, flags, producer, sequence, index, sealed)
  local hex = redis.sha1hex(previous .. pack('>I8I8BB', offset, time, flags, #producer) .. producer
    .. pack('>I8B', sequence, index) .. sub(sealed, 1, 13) .. sub(sealed, -16))
  return pack('>I4I4I4I4I4',
    tonumber(sub(hex, 1, 8), 16), tonumber(sub(hex, 9, 16), 16),
    tonumber(sub(hex, 17, 24), 16), tonumber(sub(hex, 25, 32), 16),
    tonumber(sub(hex, 33, 40), 16))
end
