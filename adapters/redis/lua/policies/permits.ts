import type { LuaPolicy } from './policy.ts';

/** Permits that go round: a mutex has one. As `lib/gates/policies/permits.ts`. */
export const permits: LuaPolicy = {
  lease: true,
  list: false,
  fields: { used: '0' },
  load: 'local capacity = limit',
  free: 'used + cost <= capacity',
  enter: 'used = used + cost',
  give: 'used = used - cost',
  givesByTime: false,
  undo: 'used = used - cost',
  rests: 'used == 0 and -INF or INF',
  text: `
local function opens(cost) return used + cost <= capacity and 0 or INF end
local function available() return math.max(0, capacity - used) end
`,
};
