-- uses: short chain head batch
-- Go on under a new epoch (ARGV[6]) because the position in ARGV[5] is not on the log.

local no = load(producer)
if no then return no end
local before = repeated()
if before and before[2] ~= 'sequence_reused' then return before end
local of, offset, check = take('>c11I8c8', ARGV[5])
if place(of, offset, check) ~= 'lost' or (of ~= epoch and survived(of)) then return {2, 'lost_race', -1, ''} end
no = before or misplaced()
if no then return no end
call('HSET', meta, 'l', (call('HGET', meta, 'l') or '') .. pack('>c11I8', epoch, tail))
epoch = ARGV[6]
return accept()
