import { Heap } from '../internal/Heap.ts';

/** A member of an index, and when it is due. */
export interface Scheduled {
  readonly member: string;
  readonly due: number;
}

interface Slot extends Scheduled {
  due: number;
  /** Where it stands in the heap. */
  place: number;
}

const before = (a: Slot, b: Slot): boolean => a.due < b.due || (a.due === b.due && a.member < b.member);

/** The members of one index in order of when they are due, and of their names where that is the same. */
export class DueIndex {
  readonly #slots = new Map<string, Slot>();
  readonly #heap = new Heap<Slot>(before, (slot, place) => {
    slot.place = place;
  });

  get size(): number {
    return this.#slots.size;
  }

  /** A member stands here once: again moves it. */
  schedule(member: string, due: number): void {
    const slot = this.#slots.get(member);
    if (slot === undefined) {
      const added = { member, due, place: 0 };
      this.#slots.set(member, added);
      this.#heap.push(added);
    } else {
      slot.due = due;
      this.#heap.settle(slot.place);
    }
  }

  unschedule(member: string): void {
    const slot = this.#slots.get(member);
    if (slot === undefined) return;
    this.#slots.delete(member);
    this.#heap.remove(slot.place);
  }

  /** The first of those that are due; costs what it gives, however many more there are. */
  upTo(moment: number, limit: number): readonly Scheduled[] {
    const { items } = this.#heap;
    const found: Scheduled[] = [];
    // Of what is not given yet, the next one stands here: all others stand below one of these.
    const next = new Heap<Slot>(before);
    const consider = (place: number): void => {
      const slot = items[place];
      if (slot !== undefined && slot.due <= moment) next.push(slot);
    };
    consider(0);
    while (found.length < limit) {
      const slot = next.shift();
      if (slot === undefined) break;
      found.push({ member: slot.member, due: slot.due });
      consider(2 * slot.place + 1);
      consider(2 * slot.place + 2);
    }
    return found;
  }

  entries(): readonly (readonly [member: string, due: number])[] {
    return Array.from(this.#slots.values(), ({ member, due }) => [member, due] as const);
  }
}
