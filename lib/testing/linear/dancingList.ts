/** The places 0 ... `length` - 1 in their order. What is taken out last is put back first, and then stands where it stood. */
export interface DancingList {
  /** Before the first place. */
  readonly start: number;
  /** The next place that is still in the list; `start` behind the last one. */
  after(place: number): number;
  takeOut(place: number): void;
  putBack(place: number): void;
}

/** Knuth's dancing links: a place that is out still knows its neighbours. */
export function dancingList(length: number): DancingList {
  const start = length;
  const next = Int32Array.from({ length: length + 1 }, (_, place) => (place === start ? 0 : place + 1));
  const last = Int32Array.from({ length: length + 1 }, (_, place) => (place === 0 ? start : place - 1));
  return {
    start,
    after: (place) => next[place]!,
    takeOut(place) {
      next[last[place]!] = next[place]!;
      last[next[place]!] = last[place]!;
    },
    putBack(place) {
      next[last[place]!] = place;
      last[next[place]!] = place;
    },
  };
}
