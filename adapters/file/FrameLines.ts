import type { Buffer } from 'node:buffer';
import type { NameFilter } from './NameFilter.ts';

const newline = 10;
/** Lines become text so many bytes at a time: a call for each would take longer than the texts of small ones are worth. */
const most = 32 * 1024;

/** The event lines of a frame, one after the other. */
export class FrameLines {
  #buffer: Buffer | null = null;
  /** What is no text yet. */
  #from = 0;
  #end = 0;
  #text = '';
  #at = 0;

  /** Begins with the lines between two places of a buffer, which must stay as it is until the last one was taken. */
  open(buffer: Buffer, from: number, end: number): void {
    this.#buffer = buffer;
    this.#from = from;
    this.#end = end;
    this.#text = '';
    this.#at = 0;
  }

  /** The next line. */
  next(): string {
    if (this.#at === this.#text.length) this.#read();
    const end = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return line;
  }

  /** The next line; `null` where it certainly has none of some names. To be used for all lines of a frame or for none. */
  nextOf(names: NameFilter): string | null {
    const buffer = this.#buffer as Buffer;
    const from = this.#from;
    const end = buffer.indexOf(newline, from);
    this.#from = end + 1;
    return names.mayMatch(buffer, from) ? buffer.toString('utf8', from, end) : null;
  }

  #read(): void {
    const buffer = this.#buffer as Buffer;
    const from = this.#from;
    let end = this.#end;
    if (end - from > most) {
      const before = buffer.lastIndexOf(newline, from + most);
      end = (before < from ? buffer.indexOf(newline, from) : before) + 1;
    }
    this.#text = buffer.toString('utf8', from, end);
    this.#at = 0;
    this.#from = end;
  }
}
