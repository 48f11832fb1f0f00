import type { AppendOptions, EventLog, Receipt } from 'rxbaton';

/** A log in front of another one, whose appends do what the test says. */
export interface BrokenLog extends EventLog {
  /** What was asked for: how many events, and how. */
  readonly appends: { readonly stream: string; readonly events: number; readonly options: AppendOptions | undefined }[];
  /** Called for each append; `append` does it. */
  next: (append: () => Promise<Receipt>) => Promise<Receipt>;
}

export function brokenLog(log: EventLog, capabilities: Partial<EventLog['capabilities']> = {}): BrokenLog {
  const broken: BrokenLog = {
    ...log,
    capabilities: { ...log.capabilities, ...capabilities },
    appends: [],
    next: (append) => append(),
    append(stream, events, options) {
      broken.appends.push({ stream, events: events.length, options });
      return broken.next(() => log.append(stream, events, options));
    },
  };
  return broken;
}
