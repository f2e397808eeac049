-- The head of a log and where a position is on it. A part, put before scripts.
-- KEYS[1] meta, KEYS[2] entries. Formats: docs/store.md.

local meta, entries = KEYS[1], KEYS[2]
local tail, time, control, first, top, base, epoch

local function missing(erased)
  return {2, erased and 'session_erased' or 'not_found', -1, ''}
end

-- Reads the head; what is returned (if anything) is the answer: there is no such session.
local function load()
  local got = call('HMGET', meta, 'h', 'x')
  if not got[1] then return missing(got[2]) end
  local _
  _, tail, time, control, first, top, base, epoch = take('>BI8I8I8I8c20c20c11', got[1])
end

local function packed_head()
  return pack('>BI8I8I8I8c20c20c11', 1, tail, time, control, first, top, base, epoch)
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

local function check_at(offset)
  if offset == tail then return sub(top, 1, 8) end
  if offset == first - 1 then return sub(base, 1, 8) end
  local found = call('XRANGE', entries, offset, offset)
  if not found[1] then return '' end
  local entry = found[1][2][2]
  local from = 29 + byte(entry, 28)
  return sub(entry, from, from + 7)
end

local function place(of, offset, check)
  if of == 'AAAAAAAAAAA' then return 'on' end -- ORIGIN is on every log
  local reach = of == epoch and tail or survived(of)
  if not reach or offset > reach then return 'lost' end
  if offset == 0 then return 'on' end
  if offset < first - 1 then return 'trimmed' end
  return check_at(offset) == check and 'on' or 'lost'
end
