/**
 * Several gates as one: a request stands in the queue of each under the same id and enters when it is first in all of them and
 * all would admit it, in one step. Each of the gates is a table of what can be done to it, so that one script can have several.
 *
 * The ids of such requests begin with '+': whoever finds one at the head of a queue does not let it in, since it knows only its
 * own gate, but tells its process to look (`lua/turnstile.ts`).
 */
import { claim, forbidding, saved, search } from './operations.ts';

/** A gate among several, after everything that an operation has: in a function of its KEYS and ARGV, which are those of the gate alone. */
export const member: string = `
${forbidding}
local cost = tonumber(ARGV[5])
${search('ID')}
return {
  lease = lease,
  known = known,
  calledOff = calledOff,
  possible = cost <= capacity,
  capacity = capacity,
  fence = f,
  waiting = function() return q end,
  opensAt = function() return math.max(pause, opens(cost)) end,
  free = function()
    return q == 0 and pause <= now and (not lease or (e > now and e <= now + ttl) or m == 0) and opens(cost) <= now
  end,
  queued = function() return q > 0 and redis.call('ZSCORE', Q, ID) end,
  alive = function() beat(channelOf(WHO)) end,
  join = function(priority) join(ID, cost, priority, WHO) end,
  drop = function()
    if q > 0 then drop(ID) end
  end,
  -- Lets in whoever may enter, and says whether that could be this request.
  turn = function()
    self[ID] = true
    turn()
    local answer = mine[ID]
    if not answer then return false, 0 end
    return answer[1] == 1, answer[1] == 2 and answer[3] or 0
  end,
  enter = function(fence)
    enlist()
    local mark = take(cost, ID)
    if lease then lend(ID, cost, fence, now + ttl, mark, now, 0, WHO) end
    return lease and now + ttl or 0
  end,
  claim = function()
    local id = ID
    ${claim}
    return h.fence, h.ends
  end,
  giveBack = function(how)
    local h = leaseOf(known)
    redis.call('HDEL', G, 'h:' .. ID)
    m = m - 1
    if how == 'cancel' then undo(h.cost, h.mark) else give(h.cost, h.mark) end
  end,
  forbid = function(till) forbid(ID, till) end,
  store = function()
    ${saved}
  end,
}
`;

/**
 * ARGV: 1 not after, 2 id, 3 to 5 those of the operation; then six for each gate: its policy, how many KEYS it has, its own
 * ARGV 2 to 4, and the cost.
 */
export const requested: string = `
local ID, WHO, INF = ARGV[2], ARGV[3], math.huge
local policies = {}
`;

const members = `
local gates = {}
local function each(name, ...)
  for _, gate in ipairs(gates) do gate[name](...) end
end
do
  local from = 0
  for at = 6, #ARGV, 6 do
    local keys, args = {}, {ARGV[1]}
    for i = 1, tonumber(ARGV[at + 1]) do keys[i] = KEYS[from + i] end
    for i = 2, 5 do args[i] = ARGV[at + i] end
    from = from + #keys
    local gate = policies[ARGV[at]](keys, args)
    if gate.disagrees then return {4, now, gate.disagrees, #gates} end
    gates[#gates + 1] = gate
  end
end
`;

/** 3 channel and who, 4 'wait' or 'try', 5 priority. Also the beat of a request that waits. Safe to repeat, as \`acquire\` is. */
export const acquireAll: string = `
local operation = 'acquire'
${members}
if gates[1].calledOff then return {7, now} end

local leases, held = 0, 0
for _, gate in ipairs(gates) do
  if gate.lease then leases = leases + 1 end
  if gate.known then held = held + 1 end
end
if held > 0 then
  if held == leases then
    local fence, ends = 0, {}
    for i, gate in ipairs(gates) do
      ends[i] = 0
      if gate.lease then fence, ends[i] = gate.claim() end
    end
    return {1, now, fence, ends}
  end
  -- Some of it was lost before its process had heard of any of it: it stands in line anew.
  for _, gate in ipairs(gates) do
    if gate.known then gate.giveBack('release') end
  end
end

local function enter()
  local fence, ends = stamp, {}
  for _, gate in ipairs(gates) do fence = math.max(fence, gate.fence + 1) end
  each('drop')
  for i, gate in ipairs(gates) do ends[i] = gate.enter(fence) end
  -- Those behind it look again.
  each('turn')
  each('store')
  return {1, now, leases > 0 and fence or 0, ends}
end
local function withdraw(answer)
  each('drop')
  each('turn')
  each('store')
  return answer
end

local possible, free, present = true, held == 0, true
for i, gate in ipairs(gates) do
  if not gate.possible then return withdraw({5, now, text(gate.capacity), i - 1}) end
  free = free and gate.free()
end
if free then return enter() end

for _, gate in ipairs(gates) do present = gate.queued() and present end
if present then
  each('alive')
else
  -- In all queues or in none, so that two such requests have the same order everywhere.
  each('drop')
  each('join', tonumber(ARGV[5]))
end
local closed, opensAt = nil, 0
for i, gate in ipairs(gates) do
  local open, at = gate.turn()
  if not open then closed = closed or i end
  opensAt = math.max(opensAt, at)
end
if not closed then return enter() end
if ARGV[4] == 'try' then
  each('drop')
  local gate = gates[closed]
  local at = gate.opensAt()
  return withdraw({3, now, gate.waiting(), text(at == INF and -1 or math.max(0, at - now)), closed - 1})
end
each('store')
return {2, now, opensAt}
`;

/** 3 nothing, 4 'release' or 'cancel', 5 '0' or until when the operation must not be carried out any more. */
export const releaseAll: string = `
local operation = 'release'
${members}
local there = false
for _, gate in ipairs(gates) do
  if gate.known then
    gate.giveBack(ARGV[4])
    there = true
  end
end
if tonumber(ARGV[5]) > 0 then gates[1].forbid(tonumber(ARGV[5])) end
each('drop')
each('turn')
each('store')
return {there and 1 or 6, now}
`;
