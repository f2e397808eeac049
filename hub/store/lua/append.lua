-- uses: short chain head batch
-- Append one batch, or say why not.

local no = load()
if no then return no end
load_producer()
no = repeated() or witnessed() or misplaced()
if no then return no end
no = stale()
if no then return keep_refusal(no) end
return lost_race() or accept()
