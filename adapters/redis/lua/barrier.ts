/**
 * The turn of a barrier: a whole generation enters, or fails, at once. What became of the last sixteen is kept in KEYS[4] for
 * those who did not hear of it.
 */
export const barrierTurn = `
outcome = function(id)
  for i = turns, math.max(1, turns - 15), -1 do
    local kept = redis.call('HGET', L, text(i))
    if kept then
      local code, note, ids = string.match(kept, '^(%S+)\\n(.-)\\n(.*)$')
      local index = 0
      for other in string.gmatch(ids, '%S+') do
        if other == id then
          if code == 'opened' then return {1, now, 0, 0, index} end
          return {8, now, code, note}
        end
        index = index + 1
      end
    end
  end
end
local function keep(code, note, ids)
  turns = turns + 1
  redis.call('HSET', L, text(turns), code .. '\\n' .. note .. '\\n' .. table.concat(ids, ' '))
  redis.call('HDEL', L, text(turns - 16))
  redis.call('PEXPIRE', L, '3600000')
end

breakAll = function(code, note)
  local ids = redis.call('ZRANGE', Q, 0, -1)
  for _, id in ipairs(ids) do
    local _, _, _, who = waiterOf(id)
    if self[id] then mine[id] = {8, now, code, note}
    elseif who then publish(channelOf(who), 'r', id, text(now), code, note) end
    drop(id)
  end
  if #ids > 0 then keep(code, note, ids) end
  q, breaksAt = 0, INF
end

-- Those who have not been heard of break the barrier, or are forgotten.
local function departed()
  local ids = redis.call('ZRANGE', Q, 0, -1)
  for _, id in ipairs(ids) do
    local cost, _, _, who = waiterOf(id)
    if not cost then drop(id)
    elseif not self[id] and not alive(channelOf(who)) then
      drop(id)
      if onLeave == 'break' then
        breakAll('silent', string.match(who, '^%S+ (.*)$'))
        return
      end
    end
  end
end

local function turn()
  if q > 0 and (thorough or q >= limit) then departed() end
  if q > 0 and breaksAt <= now then breakAll('late', q .. ' ' .. text(limit)) end
  while q >= limit and pause <= now do
    local ids = redis.call('ZRANGE', Q, 0, limit - 1)
    if #ids < limit then q = #ids break end
    for index, id in ipairs(ids) do
      local _, _, _, who = waiterOf(id)
      if self[id] then mine[id] = {1, now, 0, 0, index - 1}
      elseif who then publish(channelOf(who), 't', id, text(now), text(index - 1)) end
      drop(id)
    end
    keep('opened', '', ids)
    generation = generation + 1
    -- Whoever is left begins the next generation.
    breaksAt = q > 0 and timeout > 0 and now + timeout or INF
  end
  if q == 0 then breaksAt = INF end
  local at = math.min(breaksAt, q >= limit and pause or INF)
  if q > 0 and at < INF then
    local id = redis.call('ZRANGE', Q, 0, 0)[1]
    local _, _, _, who = waiterOf(id)
    tellHead(id, who, at)
  end
  delist()
end
`;
