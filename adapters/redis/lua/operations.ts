import { leases, listing, newLease, own, readHot, writeHot, writing } from './account.ts';
import type { LuaPolicy } from './policies/policy.ts';

/**
 * What can be done to a gate: one script for each, with the policy of its kind in it.
 *
 * ARGV: 1 to 4 as `account.ts` says; then those of the operation, of which the last may be left out where they are as usual.
 * The answer begins with a code and the server's time:
 *
 *     0 too late   1 in: fence, end, mark   2 waits: when the head may enter   3 busy: how many wait, when it opens
 *     4 other terms: which ones   5 impossible: capacity   6 nothing there   7 called off before   8 broken: why
 *
 * The usual answer is one alone, since each item of an answer takes time. To a request it is the server's time: it is in, its
 * fence is this time, and its lease lasts for its ttl from then on. To a release it is nothing.
 */
export interface Operation {
  /** Answers what needs no time, before anything else is done. */
  readonly early?: (policy: LuaPolicy) => string;
  /** Whether a gate that nobody uses begins anew with other terms. */
  readonly begins?: boolean;
  /** Runs with the account, before its policy brings it up to date. */
  readonly before?: string;
  /** Answers what happens to most requests, before any function is made; what it does not answer goes on. */
  readonly fast?: (policy: LuaPolicy) => string;
  /** Runs before anything of those who wait is loaded. */
  readonly begin?: string;
  /** Runs with everything there is. */
  readonly text: string;
}

/** Writes the account, and what the head of the queue was told, if that may have changed. */
export const saved = `if told then put('w', told) end write()`;

/** Makes sure of a lease that its waiter has been told of. */
export const claim = `
local h = leaseOf(known)
h.score, h.ends = 0, now + ttl
redis.call('HSET', G, 'h:' .. id, packLease(h))
`;

/** Looks for the lease of an operation, and whether it was called off. */
export const search = (id: string): string => `
local known = m > 0 and redis.call('HGET', G, 'h:' .. ${id})
local calledOff = void > now and redis.call('HEXISTS', G, 'x:' .. ${id}) == 1
`;

/** Notes that an operation must not be carried out any more. */
export const forbidding = `
local function forbid(id, till)
  if till == 0 then return end
  void, stays = math.max(void, till), false
  put('x:' .. id, text(till))
  -- Such a thing is rare, and forgotten with the next one.
  local fields = redis.call('HGETALL', G)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'x:' and tonumber(fields[i + 1]) < now then redis.call('HDEL', G, fields[i]) end
  end
end
`;

/** A lease for somebody who did not have to wait. */
const entering = (policy: LuaPolicy): string => `
  ${listing.enlist}
  f, m, e = stamp > f and stamp or f + 1, m + 1, m == 0 and now + ttl or e
  ${writing(policy, `'h:' .. id, ${newLease('now + ttl', 'who')}`)}
  if f == now and mark == 0 then return now end
  return {1, now, f, now + ttl, mark}
`;

/** 5 id, 6 channel and who, 7 cost: 1, 8 'wait' or 'try', 9 priority: 0. Safe to repeat: an operation has one effect, whatever happens to its answers. */
export const acquire: Operation = {
  begins: true,
  fast: (policy) => `
local id, who, cost = ARGV[5], ARGV[6], tonumber(ARGV[7] or 1)
${search('id')}
if q == 0 and not known and not calledOff and cost <= capacity and pause <= now
  ${policy.lease ? 'and (m == 0 or e > now and e <= now + ttl)' : ''} and ${policy.free} then
  local mark = 0
  ${policy.enter}
  ${policy.lease ? entering(policy) : `f = now ${writing(policy, '')} return now`}
end
`,
  begin: `
if calledOff then return {7, now} end
if known then
  ${claim}
  return {1, now, h.fence, h.ends, h.mark}
end
if cost > capacity then return {5, now, text(capacity)} end
`,
  text: `
self[id] = true
if q > 0 and redis.call('ZSCORE', Q, id) then
  beat(channelOf(who))
  turn()
  ${saved}
  return mine[id] or {2, now, 0}
end
if outcome then
  local before = outcome(id)
  if before then return before end
end
-- A barrier that is late breaks before somebody else arrives.
if outcome then turn() end
join(id, cost, tonumber(ARGV[9] or 0), who)
if outcome and q == 1 and timeout > 0 then breaksAt = now + timeout end
turn()
local answer = mine[id] or {2, now, 0}
if answer[1] == 2 and ARGV[8] == 'try' then
  -- It stood in the queue to see whether it would be let in, and leaves as if it had never come.
  drop(id)
  told = ''
  turn()
  local opensAt = math.max(pause, opens(cost))
  answer = {3, now, q, text(opensAt == INF and -1 or math.max(0, opensAt - now))}
end
${saved}
return answer
`,
};

/** 5 id, 6 cost: 1, 7 'release' or 'cancel', 8 0 or until when the operation must not be carried out any more. */
export const release: Operation = {
  early: (policy) =>
    policy.givesByTime
      ? ''
      : `
if a and not ARGV[7] then
  ${readHot(policy)}
  -- A gate has the terms of its leases.
  if q == 0 and redis.call('HDEL', G, 'h:' .. ARGV[5]) == 1 then
    local cost = tonumber(ARGV[6] or 1)
    ${policy.give === '' ? '' : `${policy.give} rest = ${policy.rests}`}
    m = m - 1
    ${writeHot(policy)}
    ${listing.delist}
    return
  end
end
`,
  begin: `
local id, till = ARGV[5], tonumber(ARGV[8] or 0)
${forbidding}
local untold = ARGV[7] == 'cancel' and redis.call('HGET', G, 'h:' .. id)
local known = redis.call('HDEL', G, 'h:' .. id) == 1
if untold then
  local h = leaseOf(untold)
  undo(h.cost, h.mark)
elseif known then
  give(tonumber(ARGV[6] or 1))
end
if known then m = m - 1 end
`,
  text: `
if q > 0 then
  if not known then
    local _, _, _, who = waiterOf(id)
    if who then
      drop(id)
      if outcome and onLeave == 'break' then breakAll('left', string.match(who, '^%S+ (.*)$')) end
    end
    known = who
  end
  if known then turn() end
end
forbid(id, till)
${saved}
if known then return end
return {6, now}
`,
};

/**
 * 5 channel, then the ids that wait there. Says that their process is alive, asks what has become of them, and lets in whoever
 * may enter now.
 */
export const beat: Operation = {
  text: `
beat(ARGV[5])
thorough = true
for i = 6, #ARGV do self[ARGV[i]] = true end
turn()
local answer = {2, now}
for i = 6, #ARGV do
  local id = ARGV[i]
  local one = mine[id]
  if not one then
    local known = redis.call('HGET', G, 'h:' .. id)
    if known then
      ${claim}
      one = {1, now, h.fence, h.ends, h.mark}
    elseif redis.call('ZSCORE', Q, id) then one = {2, now, 0}
    else one = outcome and outcome(id) or {6, now} end
  end
  answer[#answer + 1] = one
end
${saved}
return answer
`,
};

/** 5 id, 6 what it really cost. */
export const charge: Operation = {
  text: `
local known = redis.call('HGET', G, 'h:' .. ARGV[5])
if not known then return {6, now} end
local h = leaseOf(known)
if charge and h.charged == 0 then
  h.charged = 1
  redis.call('HSET', G, 'h:' .. ARGV[5], packLease(h))
  charge(h.cost, h.mark, tonumber(ARGV[6]))
  turn()
  ${saved}
end
return {1, now}
`,
};

/** Refuses those who can no longer be served, and lets the others look again. */
const adjusted = `
for _, id in ipairs(redis.call('ZRANGE', Q, 0, -1)) do
  local cost, _, _, who = waiterOf(id)
  if cost and cost > capacity then
    publish(channelOf(who), 'r', id, text(now), 'impossible', text(capacity))
    drop(id)
  end
end
turn()
${saved}
`;

/** 5 pause, 6 limit, 7 period, 8 burst: '' stays as it is; 9 'follows': a burst that is the limit stays so. Answers with the keys that have to follow. */
export const change: Operation = {
  begins: true,
  before: `
local follows = ARGV[9] == 'follows' and burst == limit
local newLimit, newPer, newBurst = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
pause, limit, per, stays = tonumber(ARGV[5]) or pause, newLimit or limit, newPer or per, false
burst = newBurst or follows and limit or burst
if newLimit or newPer or newBurst then changedAt = now end
`,
  text: `
${adjusted}
return {1, now, redis.call('SMEMBERS', keys)}
`,
};

/** After a change of the gate that this is a key of. */
export const adjust: Operation = { text: `${adjusted} return {1, now}` };

/** 5 fence or 'all', 6 why. Answers with how many, and with the keys that may hold more. */
export const force: Operation = {
  begins: true,
  text: `
local count = 0
local fields = redis.call('HGETALL', G)
for i = 1, #fields, 2 do
  local id = string.match(fields[i], '^h:(.*)$')
  if id then
    local h = leaseOf(fields[i + 1])
    if ARGV[5] == 'all' or h.fence == tonumber(ARGV[5]) then
      redis.call('HDEL', G, fields[i])
      m, count = m - 1, count + 1
      -- Who has not claimed it yet may have heard of it all the same, and may have spent what it was given.
      give(h.cost, h.mark)
      publish(channelOf(h.who), 'l', id, text(now), ARGV[6])
    end
  end
end
turn()
${saved}
return {1, now, count, keyed and {} or redis.call('SMEMBERS', keys)}
`,
};

/** Everything that people may want to know, changing nothing but what is over anyway. */
export const inspect: Operation = {
  begins: true,
  text: `
swept()
local holders, waiting = {}, {}
local fields = redis.call('HGETALL', G)
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 2) == 'h:' then
    local h = leaseOf(fields[i + 1])
    holders[#holders + 1] = table.concat({text(h.cost), text(h.fence), text(h.ends), text(h.since), h.who}, ' ')
  end
end
local first = 1
for _, id in ipairs(redis.call('ZRANGE', Q, 0, -1)) do
  local cost, since, place, who = waiterOf(id)
  if cost then
    if #waiting == 0 then first = cost end
    waiting[#waiting + 1] = table.concat({text(place), text(cost), text(since), who}, ' ')
  end
end
local function left(till) return text(till == INF and -1 or math.max(0, till - now)) end
local opensAt = math.max(pause, opens(first))
${saved}
return {1, now, holders, waiting, text(available()), left(opensAt), left(pause), generation or 0, text(limit), text(per), text(burst or 0)}
`,
};

/**
 * KEYS are gates; 2 and so on: id and length of each lease. Needs no policy: the end of a lease is no part of the account.
 * Answers for each with its fence and new end, or with the last fence that its gate gave.
 */
export const renew: string = `
${leases}
local answer = {1, now}
for i, gate in ipairs(KEYS) do
  local id, length = ARGV[i * 2], tonumber(ARGV[i * 2 + 1])
  local v = redis.call('HMGET', gate, 'h:' .. id, 'a')
  local known, a = v[1], v[2]
  local ${own.names} = ${own.zero}
  if a then ${own.names} = ${own.unpack} end
  if known then
    local h = leaseOf(known)
    h.ends, h.ttl, h.score = now + length, length, 0
    redis.call('HSET', gate, 'h:' .. id, packLease(h))
    if h.ends < e then
      e = h.ends
      redis.call('HSET', gate, 'a', ${own.pack})
    end
    -- One that is long, or has been renewed for long, may last longer than its gate would.
    if length > 3600000000 or now - h.since > 3600000000 then
      local life = 90000000 + math.ceil(length / 1000)
      if redis.call('PTTL', gate) < life then redis.call('PEXPIRE', gate, string.format('%d', life + 3600000)) end
    end
    answer[#answer + 1] = {1, h.fence, h.ends}
  else
    answer[#answer + 1] = {6, f, 0}
  end
end
return answer
`;
