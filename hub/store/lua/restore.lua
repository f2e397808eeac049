-- uses: short chain head batch
-- Put a session back from its residue. KEYS: 1 meta, 2 entries, 3 snapshots, 4 history, 5 holders, 6 held.
-- ARGV: 1 to 8 and the drafts as a batch has them (no flags: nothing is appended), but 5 the archive's name or '',
-- 6 the epoch to open or ''. Then: head, epochs before, snapshot, how long holders are kept (ms), and five lists, each with its
-- count before it: names of rights with numbers, producers with states, ordinals with pages, attachments with
-- holders, times with attachments.

local there = load(producer)
if not there or there[2] == 'session_erased' or (call('HGET', meta, 'a') or '') ~= ARGV[5] then return 0 end
local at = 9 + #ARGV[7]
local _
local lineage, snapshot, kept = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
_, epoch, tail, top, time, control, first, base = take('>Bc11I8c20I8I8I8c20', ARGV[at])
recent = ''
at = at + 4

local function each(put)
  local last = at + 2 * ARGV[at]
  for i = at + 1, last, 2 do put(ARGV[i], ARGV[i + 1]) end
  at = last + 1
end

call('DEL', unpack(KEYS))
if ARGV[6] ~= '' then
  lineage, epoch = lineage .. pack('>c11I8', epoch, tail), ARGV[6]
end
if lineage ~= '' then call('HSET', meta, 'l', lineage) end
local names = ''
each(function(name, number)
  names = names .. name .. '\0'
  call('HSET', meta, 'r:' .. name, number)
end)
if names ~= '' then call('HSET', meta, 'rights', names) end
each(function(name, state) call('HSET', meta, 'p:' .. name, state) end)
call('HSET', KEYS[3], 'new', snapshot)
each(function(ordinal, page) call('ZADD', KEYS[4], ordinal, page) end)
each(function(attachment, holder) call('HSET', KEYS[5], attachment, holder) end)
each(function(noted, attachment) call('ZADD', KEYS[6], noted, attachment) end)
call('PEXPIRE', KEYS[5], kept)
call('PEXPIRE', KEYS[6], kept)
if ARGV[7] == '' then call('HSET', meta, 'h', packed_head()) else accept() end
return 1
