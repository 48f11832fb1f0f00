import { defer, ignoreElements, isObservable, tap, type Observable } from 'rxjs';
import type { GateActivity } from '../gates/state.ts';
import { show } from './show.ts';

/** An event of the bus, or one that was recorded. Those that are no gate activity are passed over. */
export interface ActivityEvent {
  readonly name: string;
  readonly data: unknown;
}

/** A recorded history, or one that is still being written. */
export type ActivityStream = Iterable<ActivityEvent> | Observable<ActivityEvent>;

/** A history is judged at once: nothing, or an error. A stream is judged as it comes, by subscribing: it completes with it, or errors. */
export type Verdict<Events extends ActivityStream> = Events extends Observable<unknown> ? Observable<never> : undefined;

/** Watches one gate and throws what is wrong. */
export interface Judge {
  see(activity: GateActivity): void;
  /** The history is over. */
  close?(): void;
}

const prefix = 'rxbaton.gate.';

/** Throws what is wrong and the events that prove it. */
export function accuse(what: string, ...proof: readonly GateActivity[]): never {
  throw new Error(`${what}\n${proof.map((event) => `  ${prefix}${event.action} ${show(event)}`).join('\n')}`);
}

/** How a gate is called in an accusation. */
export const nameOf = ({ gate, key }: GateActivity): string => `'${gate}${key === undefined ? '' : `[${key}]`}'`;

/** Hands the activity of each gate, or of the one that is asked for, to a judge of its own. */
export function judge<Events extends ActivityStream>(
  events: Events,
  gate: string | undefined,
  make: () => Judge,
): Verdict<Events> {
  const stream: ActivityStream = events;
  if (isObservable(stream)) return whileItComes(stream, gate, make) as Verdict<Events>;
  atOnce(stream, gate, make);
  return undefined as Verdict<Events>;
}

function atOnce(events: Iterable<ActivityEvent>, gate: string | undefined, make: () => Judge): void {
  const court = open(gate, make);
  for (const event of events) court.read(event);
  court.close();
}

function whileItComes(
  events: Observable<ActivityEvent>,
  gate: string | undefined,
  make: () => Judge,
): Observable<never> {
  return defer(() => {
    const court = open(gate, make);
    const read = (event: ActivityEvent): void => {
      court.read(event);
    };
    const complete = (): void => {
      court.close();
    };
    return events.pipe(tap({ next: read, complete }), ignoreElements());
  });
}

function open(gate: string | undefined, make: () => Judge): { read(event: ActivityEvent): void; close(): void } {
  const judges = new Map<string, Judge>();
  return {
    read({ name, data }) {
      if (!name.startsWith(prefix)) return;
      const activity = data as GateActivity;
      if (gate !== undefined && activity.gate !== gate) return;
      const one = judges.get(nameOf(activity)) ?? make();
      judges.set(nameOf(activity), one);
      one.see(activity);
    },
    close() {
      for (const one of judges.values()) one.close?.();
    },
  };
}
