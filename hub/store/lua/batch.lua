-- One batch of one producer: the steps of the append (hub/store/promise.py). A part, put after chain and head.
-- KEYS[3] producers. ARGV: 1 producer, 2 packed numbers, 3 digest, 4 witness or '', 5 epoch of the tokens or '',
-- 6 one byte of flags a draft, then name and number of each right, of each raised right, then the sealed drafts.

local producers, producer, digest = KEYS[3], ARGV[1], ARGV[3]
local producer_epoch, sequence, condition, rights, raises = take('>I8I8I8BB', ARGV[2])
local slot = producer .. '\0' .. string.char(sequence % 64)
local known_epoch, last = 0, 0

local function load_producer()
  local state = call('HGET', producers, producer)
  if state then
    local _
    _, known_epoch, last = take('>BI8I8', state)
  end
end

-- The answer to a sequence that was used up before.
local function repeated()
  if sequence > last then return nil end
  local kept = call('HGET', producers, slot)
  local stored = kept and take('>I8', kept, 2)
  if stored ~= sequence then return {2, 'too_old', last + 1, ''} end
  if sub(kept, 10, 25) ~= digest then return {2, 'sequence_reused', -1, ''} end
  if byte(kept, 26) == 1 then
    local at, stamped, count = take('>I8I8B', kept, 27)
    return {1, at, count, stamped, 1}
  end
  local reason, expected, detail = string.match(kept, '^([^%z]*)%z([^%z]*)%z(.*)$', 27)
  return {2, reason, tonumber(expected), detail}
end

local function witnessed()
  if ARGV[4] == '' then return nil end
  local of, offset, check = take('>c11I8c8', ARGV[4])
  local where = place(of, offset, check)
  if where == 'lost' then return {3, epoch, tail, top} end
  if where == 'trimmed' then return {2, 'resume_first', first, ''} end
end

-- A zombie's batch, or one that is not the producer's next.
local function misplaced()
  if producer_epoch < known_epoch then return {2, 'stale_token', known_epoch, 'producer'} end
  if sequence ~= last + 1 then return {2, 'sequence_gap', last + 1, ''} end
end

local function keep(outcome)
  local state = pack('>BI8I8', 1, math.max(known_epoch, producer_epoch), sequence)
  call('HSET', producers, producer, state, slot, pack('>BI8c16', 1, sequence, digest) .. outcome)
end

local function keep_refusal(refusal)
  keep('\2' .. refusal[2] .. '\0' .. string.format('%.0f', refusal[3]) .. '\0' .. refusal[4])
  return refusal
end

-- The first named right from `at` on whose number is not as given, less `below`.
local function unequal(at, count, below)
  if count == 0 then return nil end
  local names = {}
  for i = 1, count do names[i] = 'r:' .. ARGV[at + 2 * i - 2] end
  local numbers = call('HMGET', meta, unpack(names))
  for i = 1, count do
    local number = tonumber(numbers[i] or 0)
    if number ~= tonumber(ARGV[at + 2 * i - 1]) - below then return number, ARGV[at + 2 * i - 2] end
  end
end

local function stale()
  if rights == 0 then return nil end
  if ARGV[5] ~= '' and ARGV[5] ~= epoch then return {2, 'stale_token', -1, 'epoch'} end
  local number, name = unequal(7, rights, 0)
  if number then return {2, 'stale_token', number, name} end
end

local function lost_race()
  if condition > 0 and control > condition - 1 then return {2, 'lost_race', control, ''} end
  local number, name = unequal(7 + 2 * rights, raises, 1)
  if number then return {2, 'lost_race', number, name} end
end

-- Step 7: places, digests, rights, publication.
local function accept()
  local clock = call('TIME')
  time = math.max(time, clock[1] * 1000 + math.floor(clock[2] / 1000))
  local flags, at, count = ARGV[6], 7 + 2 * (rights + raises), #ARGV[6]
  local published = {'E'}
  for index = 0, count - 1 do
    local sealed, flag = ARGV[at + index], byte(flags, index + 1)
    tail = tail + 1
    top = link(top, tail, time, flag, producer, sequence, index, sealed)
    if flag % 2 == 1 then control = tail end
    local entry = pack('>BI8I8BBI8B', 1, tail, time, flag, index, sequence, #producer)
      .. producer .. top .. sealed
    call('XADD', entries, tail, 'e', entry)
    published[index + 2] = pack('>I4', #entry) .. entry
  end
  local fields = {'h', packed_head()}
  for i = 0, raises - 1 do
    local from = 7 + 2 * (rights + i)
    fields[#fields + 1] = 'r:' .. ARGV[from]
    fields[#fields + 1] = ARGV[from + 1]
  end
  call('HSET', meta, unpack(fields))
  keep('\1' .. pack('>I8I8B', tail - count + 1, time, count))
  if count > 0 then call('SPUBLISH', meta, table.concat(published)) end
  return {1, tail - count + 1, count, time, 0}
end
