/**
 * A policy as Lua: when may the head of the queue enter, and what is the account afterwards? The same question as in
 * `lib/gates/policies`, whose oracle holds both. Times are microseconds.
 *
 * Its numbers are variables, loaded before it runs and stored after it. It sets `capacity` and these functions:
 *
 * - `opens(cost)`: the server's time from which a request of this cost may enter; at most `now`: at once; INF: not by time.
 * - `take(cost)`: books an entry, returns its mark.
 * - `give(cost, mark)`: the lease of an entry is over. `undo(cost, mark)`: the entry was booked but never told to anybody.
 * - `available()`, and `rests()`: from when on it is as at the start, if nobody enters; INF: not by time.
 * - `charge(cost, mark, actual)`, where there is something to charge.
 *
 * Settings can have changed since the account was written: what depends on them is brought up to date while it is loaded,
 * as of `changedAt`.
 */
export interface LuaPolicy {
  /** Whether an entry is held until it is given back; else it is a token, spent at once. */
  readonly lease: boolean;
  /** The names of its numbers, and what they are in a new account, as Lua. */
  readonly fields: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Time for accounts that measure spans, `T`: the server's, but it never goes back. `shift` is how far the server's clock has
 * been set back so far, `seen` the last time.
 */
export const steadyTime = {
  fields: { shift: '0', seen: '0' },
  text: `
if now + shift < seen then shift = seen - now end
local T = now + shift
seen = T
`,
} as const;
