/** A binary heap: its least item stands first, and any other can be moved or taken out by its place. */
export class Heap<T> {
  readonly items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;
  readonly #placed: ((item: T, place: number) => void) | undefined;

  /** @param placed Is told where each item stands, whenever that changes: who wants to move an item has to know its place. */
  constructor(before: (a: T, b: T) => boolean, placed?: (item: T, place: number) => void) {
    this.#before = before;
    this.#placed = placed;
  }

  push(item: T): void {
    this.items.push(item);
    this.settle(this.items.length - 1);
  }

  shift(): T | undefined {
    return this.remove(0);
  }

  remove(place: number): T | undefined {
    const item = this.items[place];
    const final = this.items.pop();
    if (final !== undefined && place < this.items.length) {
      this.items[place] = final;
      this.settle(place);
    }
    return item;
  }

  /** Brings the item that stands here, and may have changed, to its right place. */
  settle(place: number): void {
    const { items } = this;
    const item = items[place] as T;
    for (let above = (place - 1) >> 1; place > 0; above = (place - 1) >> 1) {
      const parent = items[above] as T;
      if (!this.#before(item, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    for (let below = 2 * place + 1; below < items.length; below = 2 * place + 1) {
      if (below + 1 < items.length && this.#before(items[below + 1] as T, items[below] as T)) below++;
      const child = items[below] as T;
      if (!this.#before(child, item)) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.items[place] = item;
    this.#placed?.(item, place);
  }
}
