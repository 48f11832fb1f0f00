import { type LuaPolicy, steadyTime } from './policy.ts';

/** Puts an admission at the end of the list. */
const log = `
  if redis.call('RPUSH', L, struct.pack('<dd', T, cost)) == 1 then
    redis.call('PEXPIRE', L, string.format('%d', math.ceil(per / 1000) + 7200000))
  end
  logged, last = logged + cost, T
`;

/**
 * Never more than the limit in any period, exactly: a list of the admissions that still count, oldest first, each with its
 * time and cost. As `lib/gates/policies/slidingWindow.ts`. What is past is dropped when room is needed, so that the list is
 * never longer than the limit and a permitted request reads nothing of it.
 */
const slidingWindow = (fromRelease: boolean): LuaPolicy => ({
  lease: fromRelease,
  list: true,
  // Cost in the list, and of those who have not ended yet, when it counts from the release; and when the list was added to last.
  fields: { logged: '0', held: '0', last: '-INF', length: 'per', ...steadyTime.fields },
  load: `${steadyTime.text} local capacity = limit`,
  free: 'length == per and held + logged + cost <= capacity + 1e-9',
  enter: fromRelease ? 'held = held + cost' : log,
  give: fromRelease ? `held = held - cost ${log}` : '',
  givesByTime: fromRelease,
  undo: fromRelease ? 'held = held - cost' : '',
  rests: 'held > 0 and INF or last + per - shift',
  text: `
local function forget(span, at)
  while true do
    local oldest = redis.call('LRANGE', L, 0, 31)
    -- Nothing counts: also rids the sum of what fractions of cost leave behind.
    if #oldest == 0 then logged = 0 return end
    local gone = 0
    for _, entry in ipairs(oldest) do
      local since, cost = struct.unpack('<dd', entry)
      if since + span > at then break end
      logged, gone = logged - cost, gone + 1
    end
    if gone > 0 then redis.call('LTRIM', L, gone, -1) end
    if gone < #oldest then return end
  end
end
-- What has left the window under the old settings does not come back under the new ones.
if logged > 0 and length ~= per then forget(length, changedAt + shift) end
length = per
local function opens(cost)
  if held + logged + cost <= capacity + 1e-9 then return 0 end
  forget(per, T)
  local over = held + logged + cost - capacity
  if over <= 1e-9 then return 0 end
  local from, leaves = 0, INF
  while true do
    local some = redis.call('LRANGE', L, from, from + 63)
    for _, entry in ipairs(some) do
      local since, counted = struct.unpack('<dd', entry)
      leaves, over = since + per - shift, over - counted
      if over <= 1e-9 then return leaves end
    end
    -- After the last of them the list is empty, whatever the sum of its fractions says.
    if #some < 64 then return held + cost <= capacity + 1e-9 and leaves or INF end
    from = from + 64
  end
end
local function available() forget(per, T) return math.max(0, capacity - logged - held) end
`,
});

export const fromDispatch: LuaPolicy = slidingWindow(false);
export const fromRelease: LuaPolicy = slidingWindow(true);
