import { type LuaPolicy, steadyTime } from './policy.ts';

/** A window opens at the first admission and lasts \`per\`. As `lib/gates/policies/fixedWindow.ts`. */
export const fixedWindow: LuaPolicy = {
  lease: false,
  fields: ['u', 'o', 'i', 'z', 'n'],
  text: `
${steadyTime(4, 5)}
local capacity, per = S.limit, S.per
local used, opened = tonumber(v[OWN + 1]) or 0, tonumber(v[OWN + 2]) or -INF
-- A window that is over is not opened again by a longer period.
if opened + (tonumber(v[OWN + 3]) or per) <= changedAt + shift then opened = -INF end
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
local function fresh() return opened + per <= T end
local function store() put('u', used) put('o', opened) put('i', per) put('z', shift) put('n', T) end
`,
};
