/** A world of processes and one server, with random delays between them, as one run of a queue of moments. */
export interface Simulation {
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Up to `most` ms. */
  readonly later: (most: number, what: () => void) => void;
  readonly at: (time: number, what: () => void) => void;
  /** Goes through all moments. */
  readonly run: () => void;
}

export function simulation(seed: number): Simulation {
  const moments: { readonly time: number; readonly order: number; readonly what: () => void }[] = [];
  let time = 0;
  let order = 0;
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const at = (when: number, what: () => void): void => {
    moments.push({ time: when, order: order++, what });
  };
  return {
    now: () => time,
    random,
    at,
    later: (most, what) => at(time + random() * most, what),
    run() {
      while (moments.length > 0) {
        const next = moments.reduce((a, b) => (b.time < a.time || (b.time === a.time && b.order < a.order) ? b : a));
        moments.splice(moments.indexOf(next), 1);
        time = next.time;
        next.what();
      }
    },
  };
}
