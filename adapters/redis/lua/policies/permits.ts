import type { LuaPolicy } from './policy.ts';

/** Permits that go round: a mutex has one. As `lib/gates/policies/permits.ts`. */
export const permits: LuaPolicy = {
  lease: true,
  fields: ['u'],
  text: `
local used = tonumber(v[OWN + 1]) or 0
local capacity = S.limit
local function opens(cost) return used + cost <= capacity and 0 or INF end
local function take(cost) used = used + cost return 0 end
local function give(cost) used = used - cost end
local undo = give
local function available() return math.max(0, capacity - used) end
local function fresh() return used == 0 end
local function store() put('u', used) end
`,
};
