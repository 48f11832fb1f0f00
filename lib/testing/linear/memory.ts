import type { SequentialModel } from './sequential.ts';

/** What the search has looked at: which operations had taken effect, and the state after them. */
export interface Memory<State> {
  /** An operation takes effect, or is given back. */
  flip(place: number): void;
  /** Whether what follows from here is worth a look; remembers it. */
  isNew(state: State): boolean;
}

/** Something that was seen: the operations without a return that it had used, and the state. */
type Seen<State> = readonly [used: bigint, state: State];

/**
 * The memory of Lowe, with two things more. Where the same answers were given, whoever used fewer of the operations that never
 * returned can do all that the other can: else each of those would double the search. And a state can be covered by another one.
 *
 * @param open Whether the operation of a place never returned.
 */
export function memory<State>(
  { key, covers = () => true }: Pick<SequentialModel<State, never, never>, 'key' | 'covers'>,
  open: readonly boolean[],
): Memory<State> {
  const answered = new Uint16Array(Math.ceil(open.length / 16));
  let used = 0n;
  const seen = new Map<string, Seen<State>[]>();
  return {
    flip(place) {
      if (open[place]) used ^= 1n << BigInt(place);
      else answered[place >> 4]! ^= 1 << (place & 15);
    },
    isNew(state) {
      const name = String.fromCharCode(...answered) + key(state);
      const others = seen.get(name);
      if (others?.some(([less, other]) => (less & ~used) === 0n && covers(other, state))) return false;
      if (others) others.push([used, state]);
      else seen.set(name, [[used, state]]);
      return true;
    },
  };
}
