/**
 * A policy as Lua: when may the head of the queue enter, and what is the account afterwards? The same question as in
 * `lib/gates/policies`, whose oracle holds both. Times are microseconds.
 *
 * What a free gate needs is not in functions but in line, over the variables `cost` and `mark`: to make the functions of a script
 * takes longer than to let somebody in.
 *
 * Settings can have changed since the account was written: what depends on them is brought up to date by `text`, as of
 * `changedAt`, and until then nothing is `free`.
 */
export interface LuaPolicy {
  /** Whether an entry is held until it is given back; else it is a token, spent at once. */
  readonly lease: boolean;
  /** Whether it has a key of its own, `L`. */
  readonly list: boolean;
  /** The names of its numbers, and what they are in a new account: variables, loaded before it runs and stored after it. */
  readonly fields: Readonly<Record<string, string>>;
  /** Statements that come first; they set `capacity`. */
  readonly load: string;
  /** An expression: certainly enters now. */
  readonly free: string;
  /** Statements that book an entry and may set its mark. */
  readonly enter: string;
  /** Statements: the lease of an entry is over. */
  readonly give: string;
  /** Whether they, and `rests` after them, need more than the numbers that change. */
  readonly givesByTime: boolean;
  /** Statements: the entry was booked but never told to anybody. */
  readonly undo: string;
  /** An expression: from when on the account is as at the start, if nobody enters; INF: not by time. */
  readonly rests: string;
  /**
   * The rest, with the functions `opens(cost)`, the server's time from which a request of this cost may enter (at most `now`: at
   * once; INF: not by time), `available()`, and `charge(cost, mark, actual)` where there is something to charge.
   */
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
