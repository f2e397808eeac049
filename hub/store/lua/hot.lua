-- The append that nearly all are: the producer's next batch, one right at most, nothing raised, no condition, a
-- witness on this epoch. It does what batch.lua does, without a function and with five calls; whatever is not so
-- falls through to the steps there, which decide. A part, put right before them.
-- What can be compared or copied as bytes is never unpacked: the layouts (docs/store.md) are made for that.

local numbers, right = ARGV[8], false
local plain = numbers == '\0\0\0\0\0\0\0\0\0\0'
if numbers == '\0\0\0\0\0\0\0\0\1\0' then plain, right = true, ARGV[9] end
if plain then
  local meta, producer, after, witness, flags = KEYS[1], ARGV[1], ARGV[3], ARGV[5], ARGV[7]
  local named = 'p:' .. producer
  local got = right and call('HMGET', meta, 'h', named, 'r:' .. right) or call('HMGET', meta, 'h', named)
  local head, count = got[1], #flags
  local good = head and got[2] == ARGV[2] and count > 0
  if good and right then
    good = got[3] == ARGV[10] and (ARGV[6] == '' or ARGV[6] == sub(head, 2, 12))
  end
  if good and witness ~= '' and witness ~= sub(head, 2, 28) then
    local offset = take('>I8', witness, 12)
    local behind = take('>I8', head, 13) - offset
    good = behind > 0 and sub(witness, 1, 11) == sub(head, 2, 12)
    if good and 8 * behind <= #head - 84 then
      good = sub(witness, 20) == sub(head, 77 + 8 * behind, 84 + 8 * behind)
    elseif good then
      local found = call('XRANGE', KEYS[2], offset, offset)[1]
      local entry = found and found[2][2]
      good = entry and sub(entry, 29 + byte(entry, 19), 36 + byte(entry, 19)) == sub(witness, 20)
    end
  end
  if good then
    local lead, tail, top, time, control = take('>c12I8c20I8c8', head)
    local rest, recent, sequence = sub(head, 57, 84), sub(head, 85), sub(after, 10)
    local clock, first, drafts = call('TIME'), tail + 1, right and 10 or 8
    local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
    if now > time then time = now end
    local place, entry, published
    for index = 1, count do
      local sealed, flag = ARGV[drafts + index], byte(flags, index)
      tail = tail + 1
      place = pack('>I8I8BB', tail, time, flag, #producer)
      local header = place .. producer .. sequence .. char(index - 1)
      local hex = sha1hex(top .. header .. sub(sealed, 1, 13) .. sub(sealed, -16))
      recent = sub(top, 1, 8) .. sub(recent, 1, 56)
      top = pack('>I6I6I6I2', tonumber(sub(hex, 1, 12), 16), tonumber(sub(hex, 13, 24), 16),
        tonumber(sub(hex, 25, 36), 16), tonumber(sub(hex, 37), 16))
      entry = '\1' .. header .. top .. sealed
      call('XADD', KEYS[2], tail, 'e', entry)
      if flag % 2 == 1 then control = sub(place, 1, 8) end
      if count > 1 then published = (published or 'E') .. pack('>I4', #entry) .. entry end
    end
    local stamped = sub(place, 9, 16)
    local outcome = '\1' .. (count > 1 and pack('>I8', first) or sub(place, 1, 8)) .. stamped .. char(count)
    call('HSET', meta, 'h', lead .. sub(place, 1, 8) .. top .. stamped .. control .. rest .. recent,
      named, after, named .. '\0' .. char(byte(after, 17) % 64), after .. ARGV[4] .. outcome)
    call('SPUBLISH', meta, published or entry)
    return outcome
  end
end
