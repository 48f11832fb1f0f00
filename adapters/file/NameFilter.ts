import { Buffer } from 'node:buffer';

const start: Buffer = Buffer.from('{"name":"');
const quote = 34;
const backslash = 92;

/** Tells by the bytes of a line whether its event has one of some names, where the line begins with the name, as those of the bus do. */
export class NameFilter {
  /** With the quote behind them, as they stand in a line. */
  readonly #wanted: readonly Buffer[];

  constructor(names: ReadonlySet<string>) {
    this.#wanted = [...names].map((name) => Buffer.from(JSON.stringify(name).slice(1)));
  }

  /** `false`: certainly not. */
  mayMatch(buffer: Buffer, line: number): boolean {
    for (let i = 0; i < start.length; i++) if (buffer[line + i] !== start[i]) return true;
    const from = line + start.length;
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) if (this.#equal(buffer, from, wanted[i]!)) return true;
    // A name may be written in several ways where something in it is escaped.
    for (let next = from; buffer[next] !== quote; next++) if (buffer[next] === backslash) return true;
    return false;
  }

  #equal(buffer: Buffer, from: number, name: Buffer): boolean {
    for (let i = 0; i < name.length; i++) if (buffer[from + i] !== name[i]) return false;
    return true;
  }
}
