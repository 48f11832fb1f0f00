import type { LuaPolicy } from './policies/policy.ts';

/**
 * The state of a gate while a script runs. All that a free gate needs is in one hash, KEYS[1]; the queue (KEYS[2], a sorted
 * set) and what is known of those in it (KEYS[3], a hash) are touched only while somebody waits. KEYS[4] is the policy's.
 * The settings of a keyed gate are those of KEYS[5], and KEYS[6] lists the keys that are in use.
 *
 * Fields of the hash: a all numbers of the account, s description, h:<id> a lease, x:<id> an operation that must not be carried
 * out any more, w what the head of the queue was told, y until when an extended lease lasts; o where settings were changed, and
 * then p pause, l r b limit, period and burst, c when they were changed.
 *
 * Numbers are packed eight bytes each: a script has all of them with one look, where each field of its own would take as long
 * as the whole account does now.
 */

/** The numbers of every account, and what they are in a new one. */
const numbersOfAll = {
  /** The last fence. */
  f: '0',
  /** Length of the queue. */
  q: '0',
  /** No lease ends before. */
  e: 'INF',
  /** The last ticket of the queue. */
  t: '0',
  /** How many leases there are. */
  m: '0',
  /** When the lives of the keys were last renewed. */
  k: '-INF',
  /** From when on the policy is as at the start, if nobody enters. */
  rest: '-INF',
};

const numbers = (count: number): string => `'<${'d'.repeat(count)}'`;
const names = Object.keys(numbersOfAll);

/** A lease: cost fence end ttl since mark score claimed charged, then the channel and who holds it. */
const lease = numbers(9);

/** The numbers of every account as Lua, for scripts that know no policy too. */
export const own: Readonly<Record<'names' | 'initial' | 'layout' | 'bytes', string>> = {
  names: names.join(', '),
  initial: Object.values(numbersOfAll).join(', '),
  layout: numbers(names.length),
  bytes: `${names.length * 8}`,
};

/** Reads and writes leases. */
export const leases: string = `
local function packLease(h)
  return struct.pack(${lease}, h.cost, h.fence, h.ends, h.ttl, h.since, h.mark, h.score, h.claimed, h.charged) .. h.who
end
local function leaseOf(packed)
  local h, at = {}
  h.cost, h.fence, h.ends, h.ttl, h.since, h.mark, h.score, h.claimed, h.charged, at = struct.unpack(${lease}, packed)
  h.who = string.sub(packed, at)
  return h
end
`;

/**
 * Loads the account. `fields` are the numbers of the policy and what they are in a new account; the script says with
 * `lookup` which other fields it wants, as v[EXTRA + n].
 */
export const account = ({ fields }: LuaPolicy, lookup: string): string => {
  const all = namesOf(fields);
  return `
local G, Q, W, L, B = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] or KEYS[1]
local keyed = B ~= G
local ttl = tonumber(ARGV[2])
local v = redis.call('HMGET', G, 'a', 's', 'o'${lookup === '' ? '' : `, ${lookup}`})
local EXTRA = 3
local described, changed = v[2], v[3]
if keyed then
  local base = redis.call('HMGET', B, 'a', 's', 'o')
  described, changed = base[2], base[3]
  -- Settings of another description are nothing to this key, unless somebody uses them.
  if described and described ~= ARGV[4] then
    local ${own.names} = ${own.initial}
    if base[1] then ${own.names} = struct.unpack(${own.layout}, base[1]) end
    if q + m == 0 then described, changed = false, false end
  end
end
local set = changed and redis.call('HMGET', B, 'p', 'l', 'r', 'b', 'c') or {}
local pause, limit, per, burst = tonumber(set[1]) or 0, tonumber(set[2] or ARGV[5]), tonumber(set[3] or ARGV[6]), tonumber(set[4] or ARGV[7])
local changedAt = tonumber(set[5]) or 0

local ${all.join(', ')} = ${[...Object.values(numbersOfAll), ...Object.values(fields)].join(', ')}
if v[1] then
  -- Of an account of another kind only what all of them have.
  if #v[1] == ${all.length * 8} then ${all.join(', ')} = struct.unpack(${numbers(all.length)}, v[1])
  else ${own.names} = struct.unpack(${own.layout}, v[1]) end
end
`;
};

const namesOf = (fields: LuaPolicy['fields']): readonly string[] => [...names, ...Object.keys(fields)];

/**
 * Statements that write the account, and `more` fields with it. Lives are renewed once an hour, not at each step. Fences outlive
 * their gate by a day, in case the clock is set back.
 */
export const writing = ({ fields, rests, lease: isLease }: LuaPolicy, more: string): string => {
  const all = namesOf(fields);
  return `
  local aged = now - k > 3600000000 or now < k
  if aged then k = now end
  rest = ${rests}
  redis.call('HSET', G, 'a', struct.pack(${numbers(all.length)}, ${all.join(', ')})${more === '' ? '' : `, ${more}`})
  if aged then
    local life = ${isLease ? 90_000_000 : 7_200_000} + math.ceil((ttl + per) / 1000)
    if changedAt > 0 then life = life + 2592000000 end
    life = math.max(life, math.ceil(((tonumber(redis.call('HGET', G, 'y') or 0)) - now) / 1000) + 3600000)
    redis.call('PEXPIRE', G, text(life))
    redis.call('PEXPIRE', L, text(life))
    if keyed then redis.call('PEXPIRE', KEYS[6], text(life)) end
  end
`;
};

/** Statements before the first and after the last one comes to a key: whoever changes or forces a gate has to find its keys. */
export const listing = {
  enlist: `
  if keyed and m == 0 and q == 0 and redis.call('SADD', KEYS[6], ARGV[8]) == 1 then
    redis.call('PEXPIRE', KEYS[6], '172800000')
  end
`,
  delist: `if keyed and m == 0 and q == 0 then redis.call('SREM', KEYS[6], ARGV[8]) end`,
} as const;

/** A lease that nobody has waited for, as Lua that packs it. */
export const newLease = (ends: string, who: string): string =>
  `struct.pack(${lease}, cost, f, ${ends}, ttl, now, mark, 0, 1, 0) .. ${who}`;

/** The cost and the mark of a packed lease, as Lua. */
export const costAndMark = (packed: string): string => `
local cost, _, _, _, _, mark = struct.unpack(${numbers(6)}, ${packed})
`;

/** What the transitions of a gate with a queue are made of. */
export const books = (policy: LuaPolicy): string => `
local function take(cost) local mark = 0 ${policy.enter} return mark end
local function give(cost, mark) ${policy.give} end
local function undo(cost, mark) ${policy.undo} end

-- Fields to be written with the account: names and texts.
local dirty = {}
local function put(field, value)
  local n = #dirty
  dirty[n + 1], dirty[n + 2] = field, value
end
local function write()
  ${writing(policy, 'unpack(dirty)')}
end

-- An account at its start, which has given fences before.
local function newAccount(fence)
  local ${own.names} = ${own.initial}
  f = fence
  return struct.pack(${own.layout}, ${own.names})
end

local function enlist() ${listing.enlist} end
local function delist() ${listing.delist} end
${leases}`;
