/**
 * The state of a gate while a script runs. All that a free gate needs is in one hash, KEYS[1]; the queue (KEYS[2], a sorted
 * set) and what is known of those in it (KEYS[3], a hash) are touched only while somebody waits. KEYS[4] is the policy's.
 * The settings of a keyed gate are those of KEYS[5], and KEYS[6] lists the keys that are in use.
 *
 * Fields of the hash: f fence, q length of the queue, e no lease ends before, t last ticket, w what the head was told, k when
 * the lives of the keys were last renewed, m leases, s description, p pause, l r b changed limit, period and burst, c when
 * they were changed, y until when an extended lease lasts, h:<id> a lease, x:<id> an operation that must not be carried out any more. Others are the policy's.
 *
 * A lease is written as: cost fence end ttl since mark score claimed charged channel who. A waiter: cost since channel who.
 */

const own = ['f', 'q', 'e', 't', 'w', 'k', 'm', 's', 'p', 'l', 'r', 'b', 'c', 'y'];

/** Loads the account. `fields` are those of the policy; the script says with \`lookup\` which others it wants, as v[EXTRA + n]. */
export const account = (fields: readonly string[], lookup: string): string => `
local G, Q, W, L, B = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] or KEYS[1]
local keyed = B ~= G
local ttl, grace = tonumber(ARGV[2]), tonumber(ARGV[3])
local v = redis.call('HMGET', G, ${[...own, ...fields].map((field) => `'${field}'`).join(', ')}${lookup === '' ? '' : `, ${lookup}`})
local OWN, EXTRA = ${own.length}, ${own.length + fields.length}
local f, q, e = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or INF
local t, w, m = tonumber(v[4]) or 0, v[5] or '', tonumber(v[7]) or 0
local set = {v[8], v[9], v[10], v[11], v[12], v[13]}
if keyed then
  set = redis.call('HMGET', B, 's', 'p', 'l', 'r', 'b', 'c', 'q', 'm')
  -- Settings of another description are nothing to this key, unless somebody uses them.
  if set[1] and set[1] ~= ARGV[4] and (tonumber(set[7]) or 0) + (tonumber(set[8]) or 0) == 0 then set = {} end
end
local pause = tonumber(set[2]) or 0
local S = {
  limit = tonumber(set[3] or ARGV[5]),
  per = tonumber(set[4] or ARGV[6]),
  burst = tonumber(set[5] or ARGV[7]),
}
local changedAt = tonumber(set[6]) or 0

local dirty = {}
local function put(field, value)
  if value == INF or value == -INF then value = '' end
  dirty[#dirty + 1] = field
  dirty[#dirty + 1] = value
end

-- Lives are renewed once an hour, not at each step. Fences outlive their gate by a day, in case the clock is set back.
local function write()
  local renewed = tonumber(v[6]) or -INF
  local aged = now - renewed > 3600000000 or now < renewed
  if aged then put('k', now) end
  redis.call('HSET', G, unpack(dirty))
  if aged then
    local life = (lease and 90000000 or 7200000) + math.ceil((ttl + S.per) / 1000)
    if changedAt > 0 then life = life + 2592000000 end
    life = math.max(life, math.ceil(((tonumber(v[14]) or 0) - now) / 1000) + 3600000)
    redis.call('PEXPIRE', G, text(life))
    redis.call('PEXPIRE', L, text(life))
    if keyed then redis.call('PEXPIRE', KEYS[6], text(life)) end
  end
end

-- Whoever changes or forces a gate has to find its keys.
local function enlist()
  if keyed and m == 0 and q == 0 and redis.call('SADD', KEYS[6], ARGV[8]) == 1 then
    redis.call('PEXPIRE', KEYS[6], 172800000)
  end
end
local function delist()
  if keyed and m == 0 and q == 0 then redis.call('SREM', KEYS[6], ARGV[8]) end
end

local function leaseText(h)
  return string.format('%.17g %.0f %.0f %.0f %.0f %.17g %.0f %d %d %s',
    h.cost, h.fence, h.ends, h.ttl, h.since, h.mark, h.score, h.claimed, h.charged, h.who)
end
local function leaseOf(packed)
  local cost, fence, ends, ttl, since, mark, score, claimed, charged, who =
    string.match(packed, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%d) (%d) (.*)$')
  return {
    cost = tonumber(cost), fence = tonumber(fence), ends = tonumber(ends), ttl = tonumber(ttl), since = tonumber(since),
    mark = tonumber(mark), score = tonumber(score), claimed = tonumber(claimed), charged = tonumber(charged), who = who,
  }
end
`;
