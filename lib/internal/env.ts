/**
 * What the host offers: clocks, randomness, its variables, and the places for what has to be said and for errors that nobody
 * can receive. With `context.ts` the only file that looks at the host; it works in Node and in browsers.
 */
import { asyncScheduler, config, type SchedulerLike } from 'rxjs';

/** Where waiting happens. `now` never goes back; `wall` is the calendar, read for event timestamps and quota periods only. */
export interface Clock extends SchedulerLike {
  /** Milliseconds since 1970. Default: `now()`, which is what a virtual clock wants. */
  wall?(): number;
}

/** The clock of the host: `now` is monotonic, timers are RxJS's own, so its test scheduler can still take them over. */
export const hostClock: Clock & { wall(): number } = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule: asyncScheduler.schedule.bind(asyncScheduler),
};

/** Numbers in [0, 1). */
export const hostRandom = (): number => Math.random();

/** The variables of the environment as they are now; none where there is no such thing. */
export const hostVariables = (): Readonly<Record<string, string | undefined>> =>
  (globalThis as { readonly process?: { readonly env?: Record<string, string | undefined> } }).process?.env ?? {};

/** Says a line to whoever runs the program: on stderr, or in the console of a browser. */
export const hostSay = (line: string): void => {
  console.error(line);
};

/** Hands an error that has no receiver to RxJS's hook for those, in a job of its own, as RxJS itself does. */
export function reportUnhandled(error: unknown): void {
  asyncScheduler.schedule(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError) onUnhandledError(error);
    else throw error;
  });
}

/** Bytes as base64 text. */
export function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  if (typeof Buffer !== 'undefined')
    return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
  let text = '';
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes of a base64 text, in a buffer of their own. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (typeof Buffer !== 'undefined') return new Uint8Array(Buffer.from(text, 'base64'));
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}

/** That many bytes, with anything in them. */
export const newBytes = (length: number): Uint8Array =>
  typeof Buffer !== 'undefined' ? Buffer.allocUnsafeSlow(length) : new Uint8Array(length);

/** Writes a text into such bytes as UTF-8; answers how many that were. There must be three for each sign. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  if (typeof Buffer !== 'undefined') return (bytes as Buffer).write(text, at);
  return new TextEncoder().encodeInto(text, bytes.subarray(at)).written;
}

/** The text that stands in such bytes as UTF-8. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  if (typeof Buffer !== 'undefined') return (bytes as Buffer).toString('utf8', from, to);
  return new TextDecoder().decode(bytes.subarray(from, to));
}
