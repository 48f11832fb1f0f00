/** What every script begins with: the time, and the refusal of what comes too late. */

/** Where a script gets the time from, as Lua that sets `now` and `stamp`, both in whole microseconds. */
export type TimeSource = string;

/** The server's own clock. Read once: up to Redis 7.0 it moves while a script runs. */
export const serverTime: TimeSource = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stamp = now
`;

/**
 * ARGV[1] is the time after which a command must not be carried out any more: it may have been stuck in a socket or in a
 * server that stood still, while whoever sent it has given up.
 */
export const prelude = (time: TimeSource): string => `
${time}
if now > tonumber(ARGV[1]) then return {0, now} end
`;

/** Lua prints microseconds as 1.7e+15 wherever it turns them into text by itself, so they go through `text`. */
export const words: string = `
-- Whole numbers go the short way, which takes half the time.
local function text(number)
  if number % 1 == 0 and number < 9e15 and number > -9e15 then return string.format('%d', number) end
  return string.format('%.17g', number)
end
`;
