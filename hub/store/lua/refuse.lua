-- uses: short chain head batch
-- Keep a refusal that the node decided. It stands in ARGV[9 + 2 * rights]: reason, expected, detail.

local no = load(producer)
if no then return no end
no = repeated() or witnessed() or misplaced()
if no then return no end
no = stale()
local at = 9 + 2 * (rights + raises)
return keep_refusal(no or {2, ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]})
