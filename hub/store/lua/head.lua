-- The head of a log and where a position is on it. A part, put before scripts.
-- KEYS[1] meta, KEYS[2] entries. Formats: docs/store.md.

local meta, entries = KEYS[1], KEYS[2]
local tail, time, control, first, top, base, epoch, recent
local known_epoch, last = 0, 0

local function missing(erased)
  return {2, erased and 'session_erased' or 'not_found', -1, ''}
end

-- Reads the head, and the state of a producer if one is named; what is returned (if anything) is the answer: there
-- is no such session.
local function load(producer)
  local got = call('HMGET', meta, 'h', 'x', 'p:' .. (producer or ''))
  if got[3] then
    known_epoch, last = take('>I8I8', got[3], 2)
  end
  if not got[1] then return missing(got[2]) end
  local _
  _, epoch, tail, top, time, control, first, base = take('>Bc11I8c20I8I8I8c20', got[1])
  recent = sub(got[1], 85)
end

-- `recent` are the checks at tail - 1, tail - 2, …: eight of them at most, and none before the oldest digest known.
local function packed_head()
  return pack('>Bc11I8c20I8I8I8c20', 1, epoch, tail, top, time, control, first, base)
    .. sub(recent, 1, 8 * math.min(8, tail - first + 1))
end

-- The last offset that survived of an epoch which ended before; false if it never was one of this log's.
local function survived(of)
  local lineage = call('HGET', meta, 'l') or ''
  for at = 1, #lineage, 19 do
    local name, last = take('>c11I8', lineage, at)
    if name == of then return last end
  end
  return false
end

-- The chain digest that an entry carries.
local function digest_in(entry)
  local from = 29 + byte(entry, 19)
  return sub(entry, from, from + 19)
end

local function check_at(offset)
  if offset == tail then return sub(top, 1, 8) end
  if offset == first - 1 then return sub(base, 1, 8) end
  local found = call('XRANGE', entries, offset, offset)
  return found[1] and sub(digest_in(found[1][2][2]), 1, 8) or ''
end

local function place(of, offset, check)
  if of == 'AAAAAAAAAAA' then return 'on' end -- ORIGIN is on every log
  local reach = of == epoch and tail or survived(of)
  if not reach or offset > reach then return 'lost' end
  if offset == 0 then return 'on' end
  if offset < first - 1 then return 'trimmed' end
  return check_at(offset) == check and 'on' or 'lost'
end
