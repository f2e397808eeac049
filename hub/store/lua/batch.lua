-- One batch of one producer: the steps of the append (hub/store/promise.py). A part, put after chain and head.
-- ARGV: 1 producer, 2 its state if this batch is its next, 3 its state after the batch, 4 digest, 5 witness or '',
-- 6 epoch of the tokens or '', 7 one byte of flags a draft, 8 condition, number of rights, number of raised rights,
-- then name and number of each right, of each raised right, then the sealed drafts.

local producer, digest = ARGV[1], ARGV[4]
local producer_epoch, sequence = take('>I8I8', ARGV[3], 2)
local condition, rights, raises = take('>I8BB', ARGV[8])
local slot = 'p:' .. producer .. '\0' .. char(sequence % 64)

-- The answer to a sequence that was used up before.
local function repeated()
  if sequence > last then return nil end
  local kept = call('HGET', meta, slot)
  local stored = kept and take('>I8', kept, 10)
  if stored ~= sequence then return {2, 'too_old', last + 1, ''} end
  if sub(kept, 18, 33) ~= digest then return {2, 'sequence_reused', -1, ''} end
  if byte(kept, 34) == 1 then
    local at, stamped, count = take('>I8I8B', kept, 35)
    return {1, at, count, stamped, 1}
  end
  local reason, expected, detail = string.match(kept, '^([^%z]*)%z([^%z]*)%z(.*)$', 35)
  return {2, reason, tonumber(expected), detail}
end

local function witnessed()
  if ARGV[5] == '' then return nil end
  local of, offset, check = take('>c11I8c8', ARGV[5])
  local where = place(of, offset, check)
  if where == 'lost' then return {3, epoch, tail, top} end
  if where == 'trimmed' then return {2, 'resume_first', first, ''} end
end

-- A zombie's batch, or one that is not the producer's next.
local function misplaced()
  if producer_epoch < known_epoch then return {2, 'stale_token', known_epoch, 'producer'} end
  if sequence ~= last + 1 then return {2, 'sequence_gap', last + 1, ''} end
end

-- With what else is to be written to the session's hash.
local function keep(outcome, ...)
  local state = pack('>BI8I8', 1, math.max(known_epoch, producer_epoch), sequence)
  call('HSET', meta, 'p:' .. producer, state, slot, ARGV[3] .. digest .. outcome, ...)
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
  if ARGV[6] ~= '' and ARGV[6] ~= epoch then return {2, 'stale_token', -1, 'epoch'} end
  local number, name = unequal(9, rights, 0)
  if number then return {2, 'stale_token', number, name} end
end

local function lost_race()
  if condition > 0 and control > condition - 1 then return {2, 'lost_race', control, ''} end
  local number, name = unequal(9 + 2 * rights, raises, 1)
  if number then return {2, 'lost_race', number, name} end
end

-- The rights that get another number, as fields of the session's hash; `rights` lists the names, each ended by 00.
local function raised()
  local fields, names = {}, ''
  for i = 0, raises - 1 do
    local name, number = ARGV[9 + 2 * (rights + i)], ARGV[10 + 2 * (rights + i)]
    if call('HEXISTS', meta, 'r:' .. name) == 0 then names = names .. name .. '\0' end
    fields[2 * i + 1], fields[2 * i + 2] = 'r:' .. name, number
  end
  if names ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'rights', (call('HGET', meta, 'rights') or '') .. names
  end
  return fields
end

-- Step 7: places, digests, rights, publication.
local function accept()
  local clock = call('TIME')
  time = math.max(time, clock[1] * 1000 + math.floor(clock[2] / 1000))
  local flags, at, count, published = ARGV[7], 9 + 2 * (rights + raises), #ARGV[7], ''
  for index = 0, count - 1 do
    local sealed, flag = ARGV[at + index], byte(flags, index + 1)
    tail = tail + 1
    local header = header_of(tail, time, flag, producer, sequence, index)
    recent, top = sub(top, 1, 8) .. recent, link(top, header, sealed)
    if flag % 2 == 1 then control = tail end
    local entry = '\1' .. header .. top .. sealed
    call('XADD', entries, tail, 'e', entry)
    published = count == 1 and entry or (index == 0 and 'E' or published) .. pack('>I4', #entry) .. entry
  end
  local outcome = pack('>BI8I8B', 1, tail - count + 1, time, count)
  keep(outcome, 'h', packed_head(), unpack(raised()))
  if count > 0 then call('SPUBLISH', meta, published) end
  return outcome
end
