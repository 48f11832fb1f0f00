import type { LuaPolicy } from './policy.ts';

/** Permits that go round: a mutex has one. As `lib/gates/policies/permits.ts`. */
export const permits: LuaPolicy = {
  lease: true,
  fields: { used: '0' },
  text: `
local capacity = limit
local function opens(cost) return used + cost <= capacity and 0 or INF end
local function take(cost) used = used + cost return 0 end
local function give(cost) used = used - cost end
local undo = give
local function available() return math.max(0, capacity - used) end
rests = function() return used == 0 and -INF or INF end
`,
};
