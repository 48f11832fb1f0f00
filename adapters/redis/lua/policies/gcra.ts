import { type LuaPolicy, steadyTime } from './policy.ts';

/** When it opens, in its own time. */
const opens = (smooth: boolean): string => `${smooth ? 'level' : 'level + (cost - burst) * interval'} - 0.001`;

/**
 * Token bucket and leaky bucket in one number: when the bucket would be level again. As `lib/gates/policies/gcra.ts`. A leaky
 * bucket lets nobody go ahead of it.
 */
const gcra = (smooth: boolean): LuaPolicy => ({
  lease: false,
  list: false,
  fields: { level: '-INF', pace: 'per / limit', ...steadyTime.fields },
  load: `
${steadyTime.text}
local interval = per / limit
local capacity = ${smooth ? 'INF' : 'burst'}
`,
  free: `pace == interval and ${opens(smooth)} <= T`,
  // Timers ring at whole milliseconds: who enters this little late does not make those behind later.
  enter: 'level = (T - level < 1000 and level or T) + cost * interval',
  give: '',
  givesByTime: false,
  undo: '',
  rests: 'level - shift',
  text: `
-- What was taken stays taken: the debt keeps its size in tokens and is paid at the new pace.
if pace ~= interval then
  local at = changedAt + shift
  level, pace = at + math.max(0, level - at) / pace * interval, interval
end
local function opens(cost)
  local at = ${opens(smooth)}
  return at <= T and 0 or at - shift
end
local function available()
  local ahead = math.max(0, level - T) / interval
  return ${smooth ? 'ahead > 0 and 0 or 1' : 'math.max(0, math.floor(burst - ahead + 0.000001))'}
end
`,
});

export const tokenBucket: LuaPolicy = gcra(false);
export const leakyBucket: LuaPolicy = gcra(true);
