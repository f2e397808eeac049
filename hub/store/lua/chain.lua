-- The chain of a log, byte for byte as legato/session/chain.py lays it out. A part, put before scripts.

-- `header` is what an entry and its digest have in common: the offset, time, flags, producer, sequence, index.
local function header_of(offset, time, flags, producer, sequence, index)
  return pack('>I8I8BB', offset, time, flags, #producer) .. producer .. pack('>I8B', sequence, index)
end

local function link(previous, header, sealed)
  local hex = sha1hex(previous .. header .. sub(sealed, 1, 13) .. sub(sealed, -16))
  return pack('>I6I6I6I2', tonumber(sub(hex, 1, 12), 16), tonumber(sub(hex, 13, 24), 16),
    tonumber(sub(hex, 25, 36), 16), tonumber(sub(hex, 37), 16))
end
