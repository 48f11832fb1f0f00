/** What the codes of scripts mean; `lua/operations.ts` has the other end. */
export const TOO_LATE = 0;
export const IN = 1;
export const WAITS = 2;
export const BUSY = 3;
export const OTHER_SPEC = 4;
export const IMPOSSIBLE = 5;
export const UNKNOWN = 6;
export const BROKEN = 8;
export const AGAIN = 9;
