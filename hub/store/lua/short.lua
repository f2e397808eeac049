-- What every step calls, as locals: a look-up less each time. A part, put before all others.

local pack, take, sub, byte, char = struct.pack, struct.unpack, string.sub, string.byte, string.char
local call, sha1hex = redis.call, redis.sha1hex
