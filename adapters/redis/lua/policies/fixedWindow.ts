import { type LuaPolicy, steadyTime } from './policy.ts';

/** A window opens at the first admission and lasts \`per\`. As `lib/gates/policies/fixedWindow.ts`. */
export const fixedWindow: LuaPolicy = {
  lease: false,
  fields: { used: '0', opened: '-INF', length: 'per', ...steadyTime.fields },
  text: `
${steadyTime.text}
local capacity = limit
-- A window that is over is not opened again by a longer period.
if opened + length <= changedAt + shift then opened = -INF end
length = per
local function opens(cost)
  local closes = opened + per
  return (closes <= T or used + cost <= capacity + 1e-9) and 0 or closes - shift
end
local function take(cost)
  if opened + per <= T then opened, used = T, 0 end
  used = used + cost
  return 0
end
local function give() end
local undo = give
local function available() return opened + per <= T and capacity or math.max(0, capacity - used) end
rests = function() return opened + per - shift end
`,
};
