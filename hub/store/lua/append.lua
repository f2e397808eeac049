-- uses: short hot chain head batch
-- Append one batch, or say why not.

local no = load(producer)
if no then return no end
no = repeated() or witnessed() or misplaced()
if no then return no end
no = stale()
if no then return keep_refusal(no) end
return lost_race() or accept()
