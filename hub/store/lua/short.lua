-- What every step calls, as locals: a look-up less each time. A part, put before all others.

local pack, take, sub, byte, call = struct.pack, struct.unpack, string.sub, string.byte, redis.call
