import { OverflowError } from '../errors.ts';
import { Fifo } from './Fifo.ts';
import { expected, oneOf } from './options.ts';

/** What a value meets when `maxQueue` others wait already. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'error';

export interface BacklogOptions {
  /** How many values may wait, 0 or more. Default 10,000. */
  readonly maxQueue?: number;
  /** `'error'` (default) ends the stream with an `OverflowError`; the other two lose a value in silence. */
  readonly overflow?: Overflow;
}

export function backlogOptions(
  { maxQueue = 10_000, overflow = 'error' }: BacklogOptions,
  owner: string,
): Required<BacklogOptions> {
  if (maxQueue !== Infinity && !(Number.isSafeInteger(maxQueue) && maxQueue >= 0)) {
    expected(`${owner}.maxQueue`, 'an integer from 0 up, or Infinity', maxQueue);
  }
  return { maxQueue, overflow: oneOf(overflow, ['drop-oldest', 'drop-newest', 'error'], `${owner}.overflow`) };
}

/** Values that wait in front of an operator: bounded, with a named answer to one too many. */
export class Backlog<T> extends Fifo<T> {
  private readonly options: Required<BacklogOptions>;
  private readonly owner: string;

  constructor(options: Required<BacklogOptions>, owner: string) {
    super();
    this.options = options;
    this.owner = owner;
  }

  /** @throws OverflowError */
  override push(value: T): void {
    const { maxQueue, overflow } = this.options;
    if (this.length < maxQueue) {
      super.push(value);
    } else if (overflow === 'error') {
      throw new OverflowError(`${this.owner} has ${maxQueue} values waiting, and one more came.`, {
        hint: "Slow the source, raise maxQueue, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { maxQueue },
      });
    } else if (overflow === 'drop-oldest' && maxQueue > 0) {
      this.shift();
      super.push(value);
    }
  }
}
