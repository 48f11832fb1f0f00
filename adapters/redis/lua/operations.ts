import { costAndMark, leases, listing, newLease, own, writing } from './account.ts';
import type { LuaPolicy } from './policies/policy.ts';

/**
 * What can be done to a gate: one script for each, with the policy of its kind in it.
 *
 * ARGV: 1 not after, 2 ttl, 3 grace, 4 description, 5 limit, 6 period, 7 burst, anchor or what a departure does, 8 key; then
 * those of the operation. The answer begins with a code and the server's time:
 *
 *     0 too late   1 in: fence, end, mark   2 waits: when the head may enter   3 busy: how many wait, when it opens
 *     4 another description: which one   5 impossible: capacity   6 nothing there   7 called off before   8 broken: why
 */
export interface Operation {
  /** What it looks up in the hash besides the account. */
  readonly lookup: string;
  /** Runs before the account is loaded. */
  readonly before?: string;
  /** Answers what happens to most requests, before any function is made; what it does not answer goes on. */
  readonly fast?: (policy: LuaPolicy) => string;
  /** Runs before anything of those who wait is loaded. */
  readonly begin?: string;
  /** Runs with everything there is. */
  readonly text: string;
}

/** Writes the account. */
export const saved = `if q == 0 then t, w = 0, '' end put('w', w) write()`;

/** Makes sure of a lease that its waiter has been told of. */
export const claim = `
local h = leaseOf(known)
h.claimed, h.ends = 1, now + ttl
redis.call('HSET', G, 'h:' .. id, packLease(h))
`;

/** A gate that is in use keeps its description; one that nobody uses begins anew with another. */
export const disagreement = (refuse: (there: string) => string, again: string): string => `
if keyed and described and described ~= ARGV[4] then ${refuse('described')} end
if v[2] and v[2] ~= ARGV[4] then
  if q > 0 or m > 0 or rest > now then ${refuse('v[2]')} end
  redis.call('DEL', G, Q, W, L)
  redis.call('HSET', G, 'a', newAccount(f))
  ${again}
end
`;

/** Notes that an operation must not be carried out any more. */
export const forbidding = `
local function forbid(id, till)
  if till == 0 then return end
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
  f, m, e = stamp > f and stamp or f + 1, m + 1, m == 0 and now + ttl or math.min(e, now + ttl)
  ${writing(policy, `'h:' .. id, ${newLease('now + ttl', 'who')}`)}
  return {1, now, f, now + ttl, mark}
`;

/** 9 id, 10 cost, 11 channel and who, 12 priority, 13 'wait' or 'try'. Safe to repeat: an operation has one effect, whatever happens to its answers. */
export const acquire: Operation = {
  lookup: `'h:' .. ARGV[9], 'x:' .. ARGV[9]`,
  fast: (policy) => `
local id, cost, who = ARGV[9], tonumber(ARGV[10]), ARGV[11]
if q == 0 and (not v[2] or v[2] == ARGV[4]) and (not described or described == ARGV[4]) and not v[EXTRA + 1] and not v[EXTRA + 2]
  and cost <= capacity and pause <= now ${policy.lease ? 'and (m == 0 or e > now and e <= now + ttl)' : ''} and ${policy.free} then
  local mark = 0
  ${policy.enter}
  if not v[2] then redis.call('HSET', G, 's', ARGV[4]) end
  ${policy.lease ? entering(policy) : `${writing(policy, '')} return {1, now, 0, 0, 0}`}
end
`,
  begin: `
if v[EXTRA + 2] then return {7, now} end
local known = v[EXTRA + 1]
if known then
  ${claim}
  return {1, now, h.fence, h.ends, h.mark}
end
${disagreement((there) => `return {4, now, ${there}}`, 'return {9, now}')}
if cost > capacity then return {5, now, text(capacity)} end
`,
  text: `
if not v[2] then put('s', ARGV[4]) end
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
join(id, cost, tonumber(ARGV[12]), who)
if outcome and q == 1 and timeout > 0 then breaksAt = now + timeout end
turn()
local answer = mine[id] or {2, now, 0}
if answer[1] == 2 and ARGV[13] == 'try' then
  -- It stood in the queue to see whether it would be let in, and leaves as if it had never come.
  drop(id)
  w = ''
  turn()
  local opensAt = math.max(pause, opens(cost))
  answer = {3, now, q, text(opensAt == INF and -1 or math.max(0, opensAt - now))}
end
${saved}
return answer
`,
};

/** 9 id, 10 'release' or 'cancel', 11 '0' or until when the operation must not be carried out any more. */
export const release: Operation = {
  lookup: `'h:' .. ARGV[9]`,
  fast: (policy) => `
local id, known, till = ARGV[9], v[EXTRA + 1], tonumber(ARGV[11])
if known and q == 0 and till == 0 then
  ${costAndMark('known')}
  if ARGV[10] == 'cancel' then ${policy.undo} else ${policy.give} end
  m = m - 1
  redis.call('HDEL', G, 'h:' .. id)
  ${writing(policy, '')}
  ${listing.delist}
  return {1, now}
end
`,
  begin: `
${forbidding}
if known then
  local h = leaseOf(known)
  redis.call('HDEL', G, 'h:' .. id)
  m = m - 1
  if ARGV[10] == 'cancel' then undo(h.cost, h.mark) else give(h.cost, h.mark) end
end
`,
  text: `
if q > 0 then
  local _, _, who = waiterOf(id)
  if who then
    drop(id)
    if outcome and onLeave == 'break' then breakAll('left', string.match(who, '^%S+ (.*)$')) end
  end
  if who or known then turn() end
end
forbid(id, till)
${saved}
return {known and 1 or 6, now}
`,
};

/**
 * 9 channel, then the ids that wait there. Says that their process is alive, asks what has become of them, and lets in whoever
 * may enter now.
 */
export const beat: Operation = {
  lookup: '',
  text: `
beat(ARGV[9])
thorough = true
for i = 10, #ARGV do self[ARGV[i]] = true end
turn()
local answer = {2, now}
for i = 10, #ARGV do
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

/** 9 id, 10 what it really cost. */
export const charge: Operation = {
  lookup: `'h:' .. ARGV[9]`,
  text: `
local known = v[EXTRA + 1]
if not known then return {6, now} end
local h = leaseOf(known)
if charge and h.charged == 0 then
  h.charged = 1
  redis.call('HSET', G, 'h:' .. ARGV[9], packLease(h))
  charge(h.cost, h.mark, tonumber(ARGV[10]))
  turn()
  ${saved}
end
return {1, now}
`,
};

/** Refuses those who can no longer be served, and lets the others look again. */
const adjusted = `
for _, id in ipairs(redis.call('ZRANGE', Q, 0, -1)) do
  local cost, _, who = waiterOf(id)
  if cost and cost > capacity then
    publish(channelOf(who), 'r', id, text(now), 'impossible', text(capacity))
    drop(id)
  end
end
turn()
${saved}
`;

/** 9 pause, 10 limit, 11 period, 12 burst: '' stays as it is; 13 'follows': a burst that is the limit stays so. Answers with the keys that have to follow. */
export const change: Operation = {
  lookup: '',
  before: `
do
  local there = redis.call('HMGET', KEYS[1], 's', 'l', 'b')
  if there[1] and there[1] ~= ARGV[4] then return {4, now, there[1]} end
  local burst = ARGV[12]
  if burst == '' and ARGV[13] == 'follows' and tonumber(there[2] or ARGV[5]) == tonumber(there[3] or ARGV[7]) then
    burst = ARGV[10]
  end
  local patch = {'s', ARGV[4], 'o', '1'}
  local function change(field, value)
    if value ~= '' then patch[#patch + 1] = field patch[#patch + 1] = value end
  end
  change('p', ARGV[9])
  change('l', ARGV[10])
  change('r', ARGV[11])
  change('b', burst)
  if ARGV[10] .. ARGV[11] .. burst ~= '' then change('c', text(now)) end
  redis.call('HSET', KEYS[1], unpack(patch))
end
`,
  text: `
${adjusted}
return {1, now, redis.call('SMEMBERS', KEYS[6])}
`,
};

/** After a change of the gate that this is a key of. */
export const adjust: Operation = { lookup: '', text: `${adjusted} return {1, now}` };

/** 9 fence or 'all', 10 why. Answers with how many, and with the keys that may hold more. */
export const force: Operation = {
  lookup: '',
  text: `
local count = 0
local fields = redis.call('HGETALL', G)
for i = 1, #fields, 2 do
  local id = string.match(fields[i], '^h:(.*)$')
  if id then
    local h = leaseOf(fields[i + 1])
    if ARGV[9] == 'all' or h.fence == tonumber(ARGV[9]) then
      redis.call('HDEL', G, fields[i])
      m, count = m - 1, count + 1
      -- Who has not claimed it yet may have heard of it all the same, and may have spent what it was given.
      give(h.cost, h.mark)
      publish(channelOf(h.who), 'l', id, text(now), ARGV[10])
    end
  end
end
turn()
${saved}
return {1, now, count, keyed and {} or redis.call('SMEMBERS', KEYS[6])}
`,
};

/** Everything that people may want to know, changing nothing but what is over anyway. */
export const inspect: Operation = {
  lookup: '',
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
local queue = redis.call('ZRANGE', Q, 0, -1, 'WITHSCORES')
for i = 1, #queue, 2 do
  local packed = redis.call('HGET', W, queue[i])
  if packed then
    if #waiting == 0 then first = tonumber(string.match(packed, '^%S+')) end
    waiting[#waiting + 1] = text(tonumber(queue[i + 1])) .. ' ' .. packed
  end
end
local opensAt = math.max(pause, opens(first))
${saved}
return {1, now, holders, waiting, text(available()), text(opensAt == INF and -1 or math.max(0, opensAt - now)),
  math.max(0, pause - now), generation or 0, text(limit), text(per), text(burst or 0)}
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
  local ${own.names} = ${own.initial}
  if v[2] then ${own.names} = struct.unpack(${own.layout}, v[2]) end
  if v[1] then
    local h = leaseOf(v[1])
    h.ends, h.ttl, h.claimed = now + length, length, 1
    redis.call('HSET', gate, 'h:' .. id, packLease(h))
    -- An extended lease may last longer than its gate would.
    local others = redis.call('HMGET', gate, 'c', 'y')
    local long = length > 3600000000 and h.ends > (tonumber(others[2]) or 0)
    if long then redis.call('HSET', gate, 'y', text(h.ends)) end
    local aged = long or now - k > 3600000000
    if aged then
      redis.call('PEXPIRE', gate, text((others[1] and 2682000000 or 90000000) + math.ceil(length / 1000)))
      k = now
    end
    if aged or h.ends < e then
      e = math.min(e, h.ends)
      redis.call('HSET', gate, 'a', struct.pack(${own.layout}, ${own.names}) .. string.sub(v[2], ${own.bytes} + 1))
    end
    answer[#answer + 1] = {1, h.fence, h.ends}
  else
    answer[#answer + 1] = {6, f, 0}
  end
end
return answer
`;
