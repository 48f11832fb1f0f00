import type { LuaPolicy } from './policies/policy.ts';

/**
 * The state of a gate while a script runs. All that a free gate needs is in one field of one hash, KEYS[1]; the queue (KEYS[2],
 * a sorted set) and what is known of those in it (KEYS[3], a hash) are touched only while somebody waits. Then comes the list
 * of a policy that has one. The settings of a keyed gate are those of the gate after that, and the last key lists its keys.
 *
 * ARGV: 1 not after, 2 the terms: limit, period, burst and description as one text, 3 ttl, 4 grace; then those of the operation.
 *
 * Fields of the hash: a the account, h:<id> a lease, x:<id> an operation that must not be carried out any more, w what the head
 * of the queue was told.
 *
 * An account is the numbers that hardly any step changes, eight bytes each, then the terms as a line, then the numbers that change.
 * Each command, key, field and number of a script takes as long as all its arithmetic: so there is one field for all of them, and
 * what has not changed is written back as it was read.
 */

/** What changes in every account, whatever its policy, after the numbers of that; and what it is in a new one. */
const common = {
  /** From when on the policy is as at the start, if nobody enters. */
  rest: '-INF',
  /** No lease ends before. */
  e: 'INF',
  /** How many leases there are. */
  m: '0',
  /** Length of the queue. */
  q: '0',
  /** The last fence, or when a token was taken last. */
  f: '0',
};

/** What stays. The settings come last, since those of a keyed gate are read apart. */
const lasting = {
  /** Until when the keys live, as it was last said. */
  k: '-INF',
  /** Until when there are operations that must not be carried out any more. */
  void: '-INF',
  pause: '0',
  changedAt: '0',
  limit: 'tonumber(one)',
  per: 'tonumber(two)',
  burst: 'tonumber(three) or 0',
};
const settings = ['pause', 'changedAt', 'limit', 'per', 'burst'];

const numbers = (count: number): string => `'>${'d'.repeat(count)}'`;
const listOf = (names: readonly string[]): string => names.join(', ');
const commonNames = Object.keys(common);
const lastingNames = Object.keys(lasting);

/** A lease: the channel and who holds it, then cost end ttl since mark score charged fence. One without a score is claimed. */
const lease = numbers(8);

const fromEnd = (count: number): string => `#a - ${count * 8 - 1}`;

/** What every account has, as Lua, for scripts that know no policy: how it is read from `a`, and how it is written back. */
export const own: Readonly<Record<'names' | 'zero' | 'unpack' | 'pack', string>> = {
  names: listOf(commonNames),
  zero: listOf(commonNames.map(() => '0')),
  unpack: `struct.unpack(${numbers(commonNames.length)}, a, ${fromEnd(commonNames.length)})`,
  pack: `string.sub(a, 1, -${commonNames.length * 8 + 1}) .. struct.pack(${numbers(commonNames.length)}, ${listOf(commonNames)})`,
};

/** How the numbers of an account that change are read from `a`, and written after what stays. */
function hotOf({ fields }: LuaPolicy) {
  const names = [...Object.keys(fields), ...commonNames];
  return {
    names: listOf(names),
    unpack: `struct.unpack(${numbers(names.length)}, a, ${fromEnd(names.length)})`,
    pack: `stays .. struct.pack(${numbers(names.length)}, ${listOf(names)})`,
    /** Where what stays ends. */
    stays: `-${names.length * 8 + 1}`,
  };
}

const termsAt = lastingNames.length * 8 + 1;
const lastingNumbers = {
  names: listOf(lastingNames),
  unpack: `struct.unpack(${numbers(lastingNames.length)}, a)`,
  pack: `struct.pack(${numbers(lastingNames.length)}, ${listOf(lastingNames)}) .. ARGV[2] .. '\\n'`,
};
const settingsOf = (packed: string): string =>
  `struct.unpack(${numbers(settings.length)}, ${packed}, ${termsAt - settings.length * 8})`;

/** The terms of an account, of whatever kind. */
const termsOf = (packed: string): string => `string.match(${packed}, '[^\\n]*', ${termsAt})`;

/** Whether an account has a description, and its limit: for scripts that know no policy. */
export const describes = (description: string, packed: string): string =>
  `string.sub(${termsOf(packed)}, -#${description} - 1) == ' ' .. ${description}`;
export const limitOf = (packed: string): string =>
  `(struct.unpack('>d', ${packed}, ${lastingNames.indexOf('limit') * 8 + 1}))`;

const fenceOf = (packed: string): string =>
  `(struct.unpack('>d', ${packed}, #${packed} - ${(commonNames.length - commonNames.indexOf('f')) * 8 - 1}))`;

/** Reads and writes leases. */
export const leases: string = `
local function packLease(h)
  return h.who .. struct.pack(${lease}, h.cost, h.ends, h.ttl, h.since, h.mark, h.score, h.charged, h.fence)
end
local function leaseOf(packed)
  local h = {who = string.sub(packed, 1, -65)}
  h.cost, h.ends, h.ttl, h.since, h.mark, h.score, h.charged, h.fence = struct.unpack(${lease}, packed, #packed - 63)
  return h
end
`;

/** A lease that nobody has waited for, as Lua that packs it. */
export const newLease = (ends: string, who: string): string =>
  `${who} .. struct.pack(${lease}, cost, ${ends}, ttl, now, mark, 0, 0, f)`;

/** The first of all: the account as it is stored, before anything else is done. */
export const read = (policy: LuaPolicy): string => {
  const base = policy.list ? 5 : 4;
  return `
local G, Q, W, L = KEYS[1], KEYS[2], KEYS[3], ${policy.list ? 'KEYS[4]' : 'nil'}
local B, keys = KEYS[${base}], KEYS[${base + 1}]
local keyed = B and B ~= G
local INF = math.huge
local a = redis.call('HGET', G, 'a')
local stays = a and string.sub(a, 1, ${hotOf(policy).stays})
`;
};

/** Only what changes, for steps that need no time. It is right only if the gate has our terms. */
export const readHot = (policy: LuaPolicy): string => {
  const { names, unpack } = hotOf(policy);
  return `local ${names} = ${unpack}`;
};

/** Writes only that. */
export const writeHot = (policy: LuaPolicy): string => `redis.call('HSET', G, 'a', ${hotOf(policy).pack})`;

/**
 * From when on nobody uses a gate of other terms, by its hash, that of those who wait, if they count, and its account: whoever
 * did may have died, and nobody else has its terms to find that out. A limiter that counts from the release counts theirs from their end.
 */
const deserted = `
local function deserted(gate, waiters, a)
  local ${own.names} = ${own.unpack}
  if q + m == 0 then return rest end
  local last = -INF
  for _, key in ipairs({gate, waiters}) do
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
      local kind, value = string.sub(fields[i], 1, 2), fields[i + 1]
      if kind == 'h:' then
        local cost, ends, ttl = struct.unpack(${lease}, value, #value - 63)
        last = math.max(last, math.min(ends, now + ttl))
      elseif kind == 'b:' then
        last = math.max(last, math.min(tonumber(value), now + tonumber(ARGV[4])))
      end
    end
  end
  if rest < INF then return math.max(rest, last) end
  return last + tonumber(string.match(${termsOf('a')}, '^%S+ (%S+)'))
end
`;

/**
 * Loads the account. A gate that is in use keeps its terms; `begins` says whether one that nobody uses begins anew with others.
 * `refuse` gets the terms that are there.
 */
export const account = (policy: LuaPolicy, begins: boolean, refuse: (there: string) => string): string => {
  const { fields } = policy;
  const { names, unpack } = hotOf(policy);
  const used = begins ? 'deserted(G, W, a) > now' : 'true';
  return `
local ttl = tonumber(ARGV[3])
local ${names}, ${lastingNumbers.names}
local same = a and string.find(a, ARGV[2], ${termsAt}, true) == ${termsAt}
if same then
  ${names} = ${unpack}
  ${lastingNumbers.names} = ${lastingNumbers.unpack}
else
  -- It has to be written anew.
  stays = false
  ${listOf(commonNames)} = ${listOf(Object.values(common))}
  if a then
    ${begins ? deserted : ''}
    if ${used} then ${refuse(termsOf('a'))} end
    redis.call('DEL', G, Q, W${policy.list ? ', L' : ''})
    -- Fences only ever rise.
    f = ${fenceOf('a')}
  end
  local one, two, three = string.match(ARGV[2], '^(%S+) (%S+) (%S+)')
  ${listOf(lastingNames)} = ${listOf(Object.values(lasting))}
end
if keyed then
  local a = redis.call('HGET', B, 'a')
  local there = a and ${termsOf('a')}
  if there == ARGV[2] then
    ${listOf(settings)} = ${settingsOf('a')}
  elseif there then
    -- Settings on other terms are nothing to this key, unless somebody uses them.
    local ${own.names} = ${own.unpack}
    if q + m > 0 then
      ${begins ? deserted : ''}
      if ${begins ? 'm == 0 or deserted(B, nil, a) > now' : 'true'} then ${refuse('there')} end
    end
  end
end
if not same then
  ${listOf(Object.keys(fields))} = ${listOf(Object.values(fields))}
end
`;
};

/**
 * Statements that write the account, and `more` fields with it. Nothing is forgotten before it is paid off and no pause lasts.
 * Lives are renewed when an hour of them is over, not at each step, and never made shorter: there are leases that were extended.
 * Fences outlive their gate by a day, in case the clock is set back.
 */
export const writing = (policy: LuaPolicy, more: string): string => {
  const { pack } = hotOf(policy);
  return `
  rest = ${policy.rests}
  local lives = math.max(now, pause, rest < INF and rest or now) + ttl + per + ${policy.lease ? 90_000_000_000 : 7_200_000_000}
  if changedAt > 0 then lives = lives + 2592000000000 end
  local aged = math.abs(lives - k) > 3600000000
  if aged then k = lives end
  if aged or not stays then stays = ${lastingNumbers.pack} end
  redis.call('HSET', G, 'a', ${pack}${more === '' ? '' : `, ${more}`})
  if aged then
    -- However long that is: Redis refuses what is longer than some thousand years.
    local life = string.format('%d', math.min(1e14, math.ceil((lives - now) / 1000)))
    if redis.call('PTTL', G) < tonumber(life) then redis.call('PEXPIRE', G, life) end
    ${policy.list ? `redis.call('PEXPIRE', L, life)` : ''}
    if keyed then redis.call('PEXPIRE', keys, life) end
  end
`;
};

/** What a keyed gate is called among the keys: its hash has the name of its base before it. */
const key = 'string.sub(G, #B + 2)';

/** Statements before the first and after the last one comes to a key: whoever changes or forces a gate has to find its keys. */
export const listing: Readonly<Record<'enlist' | 'delist', string>> = {
  enlist: `
  if keyed and m == 0 and q == 0 and redis.call('SADD', keys, ${key}) == 1 then
    redis.call('PEXPIRE', keys, '172800000')
  end
`,
  delist: `if keyed and m == 0 and q == 0 then redis.call('SREM', keys, ${key}) end`,
};

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

local function enlist() ${listing.enlist} end
local function delist() ${listing.delist} end
${leases}`;
