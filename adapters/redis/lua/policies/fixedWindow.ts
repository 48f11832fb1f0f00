import { type LuaPolicy, steadyTime } from './policy.ts';

/** A window opens at the first admission and lasts \`per\`. As `lib/gates/policies/fixedWindow.ts`. */
export const fixedWindow: LuaPolicy = {
  lease: false,
  list: false,
  fields: { used: '0', opened: '-INF', length: 'per', ...steadyTime.fields },
  load: `${steadyTime.text} local capacity = limit`,
  free: 'length == per and (opened + per <= T or used + cost <= capacity + 1e-9)',
  enter: 'if opened + per <= T then opened, used = T, 0 end used = used + cost',
  give: '',
  givesByTime: false,
  undo: '',
  rests: 'opened + per - shift',
  text: `
-- A window that is over is not opened again by a longer period.
if opened + length <= changedAt + shift then opened = -INF end
length = per
local function opens(cost)
  local closes = opened + per
  return (closes <= T or used + cost <= capacity + 1e-9) and 0 or closes - shift
end
local function available() return opened + per <= T and capacity or math.max(0, capacity - used) end
`,
};
