import { printable } from '../../lib/internal/printable.ts';
import type { Stored } from '../../lib/log/EventLog.ts';
import { lossless } from '../../lib/log/losslessCodec.ts';
import type { Colour, Terminal } from './terminal.ts';

/** What is shown of an event, whatever it is: those of the bus have all of it, those of other streams what they have. */
export interface Seen {
  readonly seq: number;
  readonly name: string;
  /** When it was emitted, else when it was committed: milliseconds since 1970. */
  readonly time: number;
  readonly data: unknown;
}

export function seen({ seq, at, event }: Stored): Seen {
  const { name, timestamp, data } = Object(event) as Record<'name' | 'timestamp' | 'data', unknown>;
  return {
    seq,
    name: typeof name === 'string' ? name : '-',
    time: typeof timestamp === 'number' ? timestamp : at,
    data: typeof name === 'string' ? data : event,
  };
}

/** The event as the log has it: one line of JSON, in which dates, maps and errors are still what they are. */
export const encoded = ({ event }: Stored): string => lossless(event, { opaque: true });

const colours: readonly (readonly [ending: RegExp, colour: Colour])[] = [
  [/_failed$|\.handler_failed$|\.refused$|\.lost$|\.deadlock$/, 'red'],
  [/_complete$|\.granted$/, 'green'],
  [/_cancelled$|_retrying$|_abandoned$|_dropped$/, 'yellow'],
];

/** A line for people: when, what, and as much of the data as there is room for. */
export function line({ paint, columns }: Terminal, when: string, { name, data }: Pick<Seen, 'name' | 'data'>): string {
  const colour = colours.find(([ending]) => ending.test(name))?.[1] ?? 'cyan';
  const shown = printable(name);
  const text = data === undefined ? '' : printable(lossless(data, { opaque: true }));
  const room = columns - when.length - shown.length - 4;
  const cut = text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
  return `${paint('dim', when)}  ${paint(colour, shown)}  ${cut}`.trimEnd();
}

/** `+00:01:02.003`: how long after the first event. */
export function offset(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const all = Math.abs(Math.round(ms));
  const two = (n: number, digits = 2): string => String(n).padStart(digits, '0');
  const [hours, minutes] = [Math.floor(all / 3_600_000), Math.floor(all / 60_000) % 60];
  return `${sign}${two(hours)}:${two(minutes)}:${two(Math.floor(all / 1000) % 60)}.${two(all % 1000, 3)}`;
}
