-- Raise the counters of the holders in ARGV. One that was forgotten begins above all counters that ever were: who saw it
-- die and asks late finds no number that it has seen. KEYS: 1 beats, 2 the highest counter that was forgotten.
for _, holder in ipairs(ARGV) do
  if redis.call('HINCRBY', KEYS[1], holder, 1) == 1 then
    local highest = redis.call('GET', KEYS[2])
    if highest then redis.call('HSET', KEYS[1], holder, highest + 1) end
  end
end
