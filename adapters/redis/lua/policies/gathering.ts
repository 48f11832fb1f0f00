import type { LuaPolicy } from './policy.ts';

/**
 * A barrier: opens for a whole generation when enough of them wait. Its turn is its own (`lua/barrier.ts`), since nobody
 * enters it alone. `turns` counts how many times it opened or broke.
 */
export const gathering: LuaPolicy = {
  lease: false,
  list: true,
  fields: { generation: '0', breaksAt: 'INF', turns: '0' },
  load: 'local capacity = 1',
  free: 'false',
  enter: '',
  give: '',
  givesByTime: false,
  undo: '',
  rests: '-INF',
  text: `
timeout, onLeave = per, string.match(ARGV[2], '^%S+ %S+ (%S+)')
-- The clock was set back meanwhile: nobody waits longer than was said.
if timeout > 0 and breaksAt < INF and breaksAt > now + timeout then breaksAt = now + timeout end
local function opens() return INF end
local function available() return 0 end
`,
};
