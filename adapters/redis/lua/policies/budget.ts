import type { LuaPolicy } from './policy.ts';

/** A budget for each calendar period, counted from the anchor. As `lib/gates/policies/budget.ts`. */
export const budget: LuaPolicy = {
  lease: true,
  fields: ['u', 'd', 'g', 'i'],
  text: `
local capacity, per, anchor = S.limit, S.per, tonumber(ARGV[7])
local used, period = tonumber(v[OWN + 1]) or 0, tonumber(v[OWN + 2]) or -INF
-- Counts the periods that have begun here. Unlike their numbers it is not used again when the length changes.
local generation, before = tonumber(v[OWN + 3]) or 0, tonumber(v[OWN + 4]) or per
-- Begins the period of the calendar. Never goes back, whatever the calendar does.
local function begin(at, length)
  local current = math.floor((at - anchor) / length)
  if current <= period then return end
  period, generation, used = current, generation + 1, 0
end
if before ~= per then
  begin(changedAt, before)
  period = math.floor((changedAt - anchor) / per)
end
begin(now, per)
local function opens(cost)
  if used + cost <= capacity + 1e-9 then return 0 end
  return anchor + (period + 1) * per
end
local function take(cost) used = used + cost return generation end
-- Not charged otherwise, a reservation cost what it reserved.
local function give() end
local function undo(cost, mark) if mark == generation then used = used - cost end end
local function charge(cost, mark, actual)
  if mark == generation then used = math.max(0, used + actual - cost) end
end
local function available() return math.max(0, capacity - used) end
local function fresh() return used == 0 end
local function store() put('u', used) put('d', period) put('g', generation) put('i', per) end
`,
};
