import type { AppendOptions, EventLog } from '../../../lib/log/EventLog.ts';
import type { MemoryLog } from '../../../lib/log/memoryLog.ts';

/** Makes the spoiler of a lab: what it keeps, all handles of that lab share. */
export type Spoil = () => (log: MemoryLog) => EventLog;

/** A log that is right but for one thing. */
export type Saboteur = readonly [
  fault: string,
  /** The one case that has to catch it. */
  caughtBy: RegExp,
  /** Whether random stories have to catch it too. */
  byStories: boolean,
  spoil: Spoil,
];

/** A fault that needs no memory. */
export const plain =
  (faults: (log: MemoryLog) => Partial<EventLog>): Spoil =>
  () =>
  (log) => ({ ...log, ...faults(log) });

/** Appends with other options. */
export const misappending = (change: (options: AppendOptions) => AppendOptions): Spoil =>
  plain((log) => ({
    append: (stream, events, options) =>
      log.append(stream, events, options === undefined ? undefined : change(options)),
  }));

/** Appends without some of the options. */
export const ignoring = (...names: (keyof AppendOptions)[]): Spoil =>
  misappending((options) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name as never))),
  );

/** Reads with another result. */
export const misreading = (
  read: (log: MemoryLog, ...asked: Parameters<EventLog['read']>) => ReturnType<EventLog['read']>,
): Spoil => plain((log) => ({ read: (...asked) => read(log, ...asked) }));

export const later = (): Promise<void> => Promise.resolve();
