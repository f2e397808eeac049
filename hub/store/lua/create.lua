-- uses: short chain head batch
-- Make the log and append its genesis. ARGV[4] is the chain's genesis digest, ARGV[5] the new epoch.

local absent = load()
load_producer()
if not absent then
  local before = repeated()
  return before and before[1] == 1 and before or {2, 'already_exists', -1, ''}
end
if absent[2] == 'session_erased' then return absent end
tail, time, control, first, top, base, epoch = 0, 0, 0, 1, ARGV[4], ARGV[4], ARGV[5]
return misplaced() or stale() or lost_race() or accept()
