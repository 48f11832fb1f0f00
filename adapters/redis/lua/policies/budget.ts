import type { LuaPolicy } from './policy.ts';

/** A budget for each calendar period, counted from the anchor. As `lib/gates/policies/budget.ts`. */
export const budget: LuaPolicy = {
  lease: true,
  list: false,
  // Counts the periods that have begun here: unlike their numbers it is not used again when the length changes.
  fields: { used: '0', period: '-INF', generation: '0', length: 'per' },
  load: 'local capacity, anchor = limit, burst',
  free: 'length == per and now < anchor + (period + 1) * per and used + cost <= capacity + 1e-9',
  enter: 'used = used + cost mark = generation',
  // Not charged otherwise, a reservation cost what it reserved.
  give: '',
  givesByTime: false,
  undo: 'if mark == generation then used = used - cost end',
  rests: 'used == 0 and -INF or anchor + (period + 1) * per',
  text: `
-- Begins the period of the calendar. Never goes back, whatever the calendar does.
local function begin(at, span)
  local current = math.floor((at - anchor) / span)
  if current <= period then return end
  period, generation, used = current, generation + 1, 0
end
if length ~= per then
  begin(changedAt, length)
  period, length = math.floor((changedAt - anchor) / per), per
end
begin(now, per)
local function opens(cost)
  if used + cost <= capacity + 1e-9 then return 0 end
  return anchor + (period + 1) * per
end
charge = function(cost, mark, actual)
  if mark == generation then used = math.max(0, used + actual - cost) end
end
local function available() return math.max(0, capacity - used) end
`,
};
