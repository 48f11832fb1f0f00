/** Sends a message, and answers how many hear it. */
export const publishing: string = `
-- In a cluster a channel belongs to the shard of its slot. One of the whole cluster reaches more than those who are counted.
local function publish(channel, ...)
  local message = table.concat({...}, '\\n')
  if string.sub(channel, -6) == ':shard' then return redis.call('SPUBLISH', channel, message) end
  local heard = redis.call('PUBLISH', channel, message)
  return string.sub(channel, -8) == ':cluster' and 1 or heard
end
`;

/**
 * What happens when somebody waits: the same for every kind of gate but the barrier, whose \`turn\` is in \`barrier.ts\`.
 *
 * Whoever is let in hears of it by a message to the channel of its process, or in the reply if it is \`self\`. A lease that is
 * handed over this way lasts only the grace, until its waiter claims it; then it goes back to its old place in the queue.
 * A waiter whose process nobody can reach at the moment is passed by and keeps its place; one whose process has not been
 * heard of for the grace is dropped.
 */
export const turnstile: string = `
local grace = tonumber(ARGV[4])
-- What the head was told; nil: nobody has looked.
local told
-- Those who hear of their turn in the reply, and what they hear.
local self, mine = {}, {}
local beats = {}

${publishing}
local function channelOf(who) return string.match(who, '^%S+') end
local function alive(channel)
  local beat = beats[channel]
  if not beat then
    beat = tonumber(redis.call('HGET', W, 'b:' .. channel) or 0)
    if beat > now + grace then beat = now + grace end
    beats[channel] = beat
  end
  return beat >= now
end
local function beat(channel)
  beats[channel] = now + grace
  redis.call('HSET', W, 'b:' .. channel, text(now + grace))
  redis.call('PEXPIRE', W, text(grace / 100))
  redis.call('PEXPIRE', Q, text(grace / 100))
end

-- A place behind all others of its priority. Readers of a lock stand with those who read in the next turn: before the first
-- writer who waits if somebody writes now, else after it. Their places are the odd ones, between those of the writers.
local function place(id, cost, priority)
  local first = (4095 - priority) * 1099511627776
  local t = 2 * redis.call('HINCRBY', W, 't', 1)
  if cost == 1 or string.byte(id) == 43 or not string.find(ARGV[2], '^%S+ %S+ phases ') then return first + t end
  local two = redis.call('ZRANGEBYSCORE', Q, text(first), text(first + 1099511627775), 'WITHSCORES', 'LIMIT', 0, 2)
  local next, after = tonumber(two[2]), tonumber(two[4])
  if not next then return first + t + 1 end
  -- Those who read next stand together already, or nobody does.
  if next % 2 == 1 then return next end
  if after and after % 2 == 1 then return after end
  local ahead = redis.call('ZCOUNT', Q, '-inf', '(' .. text(first))
  return ahead == 0 and opens(cost) > now and next - 1 or next + 1
end
local function enqueue(id, cost, since, score, who)
  local place = text(score)
  redis.call('ZADD', Q, place, id)
  redis.call('HSET', W, id, text(cost) .. ' ' .. text(since) .. ' ' .. place .. ' ' .. who)
  q = q + 1
end
local function join(id, cost, priority, who)
  enlist()
  enqueue(id, cost, now, place(id, cost, priority), who)
  local channel = channelOf(who)
  if not alive(channel) or q == 1 or beats[channel] < now + grace / 2 then beat(channel) end
end
local function waiterOf(id)
  local cost, since, score, who = string.match(redis.call('HGET', W, id) or '', '^(%S+) (%S+) (%S+) (.*)$')
  return tonumber(cost), tonumber(since), tonumber(score), who
end
local function drop(id)
  if redis.call('ZREM', Q, id) == 1 then q = q - 1 end
  redis.call('HDEL', W, id)
end

-- Books a lease. Whoever holds the next one has the higher fence, even if all of this was lost in between.
local function lend(id, cost, fence, ends, mark, since, score, who)
  f, m = fence, m + 1
  if ends < e or m == 1 then e = ends end
  put('h:' .. id, packLease({cost = cost, fence = fence, ends = ends, ttl = ttl, since = since, mark = mark, score = score,
    charged = 0, who = who}))
end

-- Ends the leases that are over by the server's clock, once: it stands still meanwhile. No end is later than the clock allows
-- now: it may have been set back.
local looked = false
local function sweep()
  local all = redis.call('HGETALL', G)
  e, looked = INF, true
  for i = 1, #all, 2 do
    local id = string.match(all[i], '^h:(.*)$')
    if id then
      local h = leaseOf(all[i + 1])
      if h.ends > now + h.ttl then
        h.ends = now + h.ttl
        redis.call('HSET', G, all[i], packLease(h))
      end
      if h.ends > now then
        if h.ends < e then e = h.ends end
      else
        redis.call('HDEL', G, all[i])
        m = m - 1
        if h.score == 0 then
          give(h.cost, h.mark)
        else
          undo(h.cost, h.mark)
          if alive(channelOf(h.who)) then enqueue(id, h.cost, h.since, h.score, h.who) end
        end
      end
    end
  end
end
local function swept()
  if lease and m > 0 and not looked and (e <= now or e > now + ttl) then sweep() end
end

-- Lets a waiter in; false: nobody can reach it.
local function admit(id, score, cost, since, who)
  if not lease then
    if self[id] then mine[id] = {1, now, 0, 0, 0}
    elseif publish(channelOf(who), 't', id, text(now), '0') == 0 then return false end
    take(cost, id)
    return true
  end
  local fence, ends = math.max(f + 1, stamp), now + (self[id] and ttl or math.min(ttl, grace))
  local mark = take(cost, id)
  if self[id] then
    mine[id] = {1, now, fence, ends, mark}
  elseif publish(channelOf(who), 'g', id, string.format('%d\\n%d\\n%d\\n%d', now, fence, ends, mark)) == 0 then
    undo(cost, mark)
    return false
  end
  lend(id, cost, fence, ends, mark, since, self[id] and 0 or score, who)
  return true
end

-- The head of the queue hears when time alone will let it in, once: the server has no timers. At 0 it has to look at once.
-- False: nobody can reach it.
local function tellHead(id, who, at)
  local tells = id .. ' ' .. text(at)
  if self[id] then mine[id] = {at == 0 and 1 or 2, now, at}
  elseif tells ~= (told or redis.call('HGET', G, 'w')) and publish(channelOf(who), 'h', id, text(now), text(at)) == 0 then
    return false
  end
  told = tells
  return true
end
`;

/** Lets in from the head of the queue as long as the policy allows it. */
export const turn = `
local function turn()
  swept()
  local at, left = 0, 128
  while q > 0 do
    -- When nothing is left, it does not matter for whom.
    if lease and m > 0 and opens(1e-9) == INF then
      told = ''
      break
    end
    local id = redis.call('ZRANGE', Q, at, at)[1]
    if not id then
      if at == 0 then q = 0 end
      break
    end
    local cost, since, score, who = waiterOf(id)
    if not cost then
      drop(id)
    elseif not self[id] and not alive(channelOf(who)) then
      drop(id)
    elseif cost > capacity then
      if self[id] then mine[id] = {5, now, text(capacity)}
      else publish(channelOf(who), 'r', id, text(now), 'impossible', text(capacity)) end
      drop(id)
    else
      local opensAt = pause > now and pause or opens(cost)
      -- No transition takes for ever: the head comes back at once for the rest.
      if left == 0 and opensAt <= now then opensAt = now + 1 end
      if opensAt > now then
        if opensAt < INF then tellHead(id, who, opensAt) else told = '' end
        break
      end
      -- A request for several gates enters all of them at once, and only its process knows which.
      if string.byte(id) == 43 then
        if tellHead(id, who, 0) then break end
        at = at + 1
      elseif admit(id, score, cost, since, who) then
        drop(id)
        left = left - 1
      else
        at = at + 1
      end
    end
  end
  delist()
end
`;
