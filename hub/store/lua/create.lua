-- uses: short chain head batch
-- Make the log and append its genesis. ARGV[5] is the chain's genesis digest, ARGV[6] the new epoch.

if call('HEXISTS', meta, 'a') == 1 then return {2, 'already_exists', -1, ''} end
local absent = load(producer)
if not absent then
  local before = repeated()
  return before and before[1] == 1 and before or {2, 'already_exists', -1, ''}
end
if absent[2] == 'session_erased' then return absent end
tail, time, control, first, top, base, epoch, recent = 0, 0, 0, 1, ARGV[5], ARGV[5], ARGV[6], ''
return misplaced() or stale() or lost_race() or accept()
