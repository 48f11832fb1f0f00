import type { Subscriber } from 'rxjs';
import type { ClosedError } from '../errors.ts';
import { currentFrame, runIn } from '../internal/context.ts';
import { decoder, unwanted } from './decoder.ts';
import type { Stored } from './EventLog.ts';
import type { Listener, MemoryStore } from './MemoryStore.ts';
import { positionOf } from './position.ts';
import { checkTrimmed, rangeOf, type ReadRequest } from './readRequest.ts';
import type { Shelf } from './Shelf.ts';

/**
 * Somebody who reads a stream in memory: a place in it, and nothing else. It delivers in promise jobs, so that whoever appends
 * pays for no reader, and however many readers append in turn, the stack stays flat.
 */
export class MemoryReader<E> implements Listener {
  readonly stream: string;
  next: number;
  readonly #last: number;
  readonly #store: MemoryStore;
  readonly #subscriber: Subscriber<Stored<E>>;
  readonly #maxBuffer: number;
  readonly #decode: (text: string) => unknown;
  /** The stream as it was when it was first there: another one of its name is not what was asked for. */
  #shelf: Shelf | undefined;
  /** The last `seq` there will be, since the log closes. */
  #end = Infinity;
  #awake = false;
  /** It runs for whoever subscribed, not for whoever appended. */
  readonly #frame = currentFrame();

  /** @throws LogTrimmedError */
  constructor(store: MemoryStore, request: ReadRequest, subscriber: Subscriber<Stored<E>>) {
    const { first, last } = rangeOf(request, store.ledger.head(request.stream));
    this.stream = request.stream;
    this.next = first;
    this.#last = last;
    this.#store = store;
    this.#subscriber = subscriber;
    this.#maxBuffer = request.maxBuffer;
    this.#decode = decoder(store.codec, request.names);
    this.wake();
  }

  /** There may be something to do. */
  wake(): void {
    this.#shelf ??= this.#store.shelf(this.stream);
    if (this.#awake) return;
    this.#awake = true;
    void Promise.resolve().then(() => {
      this.#awake = false;
      const read = (): void => {
        this.#read();
      };
      if (currentFrame() === this.#frame) read();
      else runIn(this.#frame, read);
    });
  }

  /** Completes behind what is there now. */
  finish(): void {
    this.#end = this.#store.ledger.facts(this.stream)?.last ?? 0;
    if (this.next > this.#end) this.#subscriber.complete();
    else this.wake();
  }

  /** Comes to its end here. */
  abort(reason: ClosedError): void {
    this.#subscriber.error(reason);
  }

  #read(): void {
    try {
      for (let left = this.#maxBuffer; left > 0; left--) {
        if (this.#subscriber.closed || !this.#one()) return;
      }
      this.wake();
    } catch (error) {
      this.#subscriber.error(error);
    } finally {
      this.#store.prune(this.stream);
    }
  }

  /** Delivers what comes next. `false`: there is nothing, for now or for ever. */
  #one(): boolean {
    const facts = this.#store.ledger.facts(this.stream);
    const last = facts?.last ?? 0;
    const removed = this.#shelf !== this.#store.shelf(this.stream);
    const ended = this.next > last && facts?.closed === true;
    if (removed || ended || this.next > Math.min(this.#last, this.#end)) {
      this.#subscriber.complete();
      return false;
    }
    if (this.next > last) return false;
    checkTrimmed(this.stream, this.next, facts?.first ?? 1);
    const seq = this.next++;
    const { text, commit, at, last: final } = (this.#shelf as Shelf).at(seq);
    const event = this.#decode(text);
    if (event !== unwanted) {
      const { stream } = this;
      this.#subscriber.next({ stream, seq, position: positionOf(seq), commit, last: final, event: event as E, at });
    }
    return true;
  }
}
