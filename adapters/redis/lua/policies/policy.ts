/**
 * A policy as Lua: when may the head of the queue enter, and what is the account afterwards? The same question as in
 * `lib/gates/policies`, whose oracle holds both. Times are microseconds.
 *
 * It sets `capacity` and these functions:
 *
 * - `opens(cost)`: the server's time from which a request of this cost may enter; at most `now`: at once; INF: not by time.
 * - `take(cost)`: books an entry, returns its mark.
 * - `give(cost, mark)`: the lease of an entry is over. `undo(cost, mark)`: the entry was booked but never told to anybody.
 * - `available()`, `fresh()`, and `store()`, which puts what is to be written.
 * - `charge(cost, mark, actual)`, where there is something to charge.
 *
 * Settings can have changed since the account was written: what depends on them is brought up to date while it is loaded,
 * as of `changedAt`.
 */
export interface LuaPolicy {
  /** Whether an entry is held until it is given back; else it is a token, spent at once. */
  readonly lease: boolean;
  /** Its fields in the hash of the gate, found at v[OWN + 1] and so on. */
  readonly fields: readonly string[];
  readonly text: string;
}

/**
 * Time for accounts that measure spans: the server's, but it never goes back. `z` is how far the server's clock has been set
 * back so far, `n` the last time seen.
 */
export const steadyTime = (z: number, n: number): string => `
local shift, T = tonumber(v[OWN + ${z}]) or 0, 0
do
  local last = tonumber(v[OWN + ${n}]) or 0
  if now + shift < last then shift = last - now end
  T = now + shift
end
`;
