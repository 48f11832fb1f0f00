import type { LuaPolicy } from './policy.ts';

/**
 * A barrier: opens for a whole generation when enough of them wait. Its turn is its own (`lua/barrier.ts`), since nobody
 * enters it alone. Fields: g generation, d when it breaks, j how many times it opened or broke.
 */
export const gathering: LuaPolicy = {
  lease: false,
  fields: ['g', 'd', 'j'],
  text: `
local capacity, timeout, onLeave = 1, S.per, ARGV[7]
local generation, breaksAt = tonumber(v[OWN + 1]) or 0, tonumber(v[OWN + 2]) or INF
local turns = tonumber(v[OWN + 3]) or 0
-- The clock was set back meanwhile: nobody waits longer than was said.
if timeout > 0 and breaksAt < INF and breaksAt > now + timeout then breaksAt = now + timeout end
local function opens() return INF end
local function take() return 0 end
local function give() end
local undo = give
local function available() return 0 end
local function fresh() return true end
local function store() put('g', generation) put('d', breaksAt) put('j', turns) end
`,
};
