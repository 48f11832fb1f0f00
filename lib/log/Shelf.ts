import type { CommitRecord } from './records.ts';

/** An event in memory, still encoded. */
export interface Kept {
  readonly text: string;
  readonly commit: number;
  readonly last: boolean;
  readonly at: number;
}

/** The events of one stream, from the first that is still there. */
export class Shelf {
  #kept: (Kept | undefined)[] = [];
  /** The `seq` of what stands first in the array, wanted or not. */
  #start = 1;

  put({ commit, at }: CommitRecord, texts: readonly string[]): void {
    const last = texts.length - 1;
    for (let i = 0; i <= last; i++) this.#kept.push({ text: texts[i] as string, commit, last: i === last, at });
  }

  at(seq: number): Kept {
    return this.#kept[seq - this.#start] as Kept;
  }

  /** Forgets what stands between two `seq`s, the second exclusive; the first is the first that is there. */
  trim(from: number, before: number): void {
    for (let seq = from; seq < before; seq++) this.#kept[seq - this.#start] = undefined;
    const gone = before - this.#start;
    // Half of it is air: moving the rest costs what the air has saved.
    if (gone < 32 || gone * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(gone);
    this.#start = before;
  }
}
