/** What a search for deadlocks asks of a server: who is at a gate, and messages to their processes. Both change nothing. */
import { describes, leases, limitOf } from './account.ts';
import { publishing } from './turnstile.ts';

/**
 * KEYS are those of a gate. 2 its description, 3 its limit by that, '': its holders keep nobody out, 4 'all': all who wait,
 * '': only requests for several gates. Answers with the limit, with id, cost, fence and channel and name of each holder, and with
 * what is known of each who waits, in order.
 */
export const look: string = `
${leases}
local G, Q, W, B = KEYS[1], KEYS[2], KEYS[3], KEYS[4] or KEYS[1]
local limit, a = ARGV[3], redis.call('HGET', B, 'a')
if a and limit ~= '' and ${describes('ARGV[2]', 'a')} then limit = text(${limitOf('a')}) end
local holders, waiting = {}, {}
local fields = ARGV[3] ~= '' and redis.call('HGETALL', G) or {}
for i = 1, #fields, 2 do
  local id = string.match(fields[i], '^h:(.*)$')
  if id then
    local h = leaseOf(fields[i + 1])
    -- One that is over by the server's clock keeps nobody out.
    if h.ends > now then holders[#holders + 1] = {id, text(h.cost), text(h.fence), h.who} end
  end
end
for _, id in ipairs(redis.call('ZRANGE', Q, 0, -1)) do
  if ARGV[4] == 'all' or string.byte(id) == 43 then
    local packed = redis.call('HGET', W, id)
    if packed then waiting[#waiting + 1] = {id, packed} end
  end
end
return {1, now, limit, holders, waiting}
`;

/** 2 channel, 3 what to say. Answers how many hear it. KEYS[1] leads to the slot of the channel. */
export const say: string = `
${publishing}
return {1, now, publish(ARGV[2], ARGV[3])}
`;
