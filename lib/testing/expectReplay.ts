import { lastValueFrom, toArray } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Coordinator } from '../events/Coordinator.ts';
import { createCoordinator } from '../events/createCoordinator.ts';
import { within } from '../events/defaultCoordinator.ts';
import type { CoordinatorEvent } from '../events/event.ts';
import type { Registered } from '../events/maps.ts';
import { compile, isOwn } from '../events/patterns.ts';
import { expected, knownOptions, oneOf } from '../internal/options.ts';
import type { EventLog } from '../log/EventLog.ts';
import { memoryLog } from '../log/memoryLog.ts';
import { persist } from '../log/persist.ts';
import { redaction } from '../log/redaction.ts';
import { replay } from '../log/replay.ts';
import { compare, type Comparison } from './outcome/compare.ts';
import { forest, parentOf } from './outcome/forest.ts';
import { picture } from './outcome/picture.ts';
import { show } from './show.ts';
import { virtualTime, type VirtualTime } from './virtualTime.ts';

/** Events that somebody has kept: a log, the promise of one, or the events themselves. */
export type Recorded = EventLog | PromiseLike<EventLog> | readonly CoordinatorEvent[];

export interface ExpectReplayOptions {
  /** Of the log. Default `'events'`. */
  readonly stream?: string;
  /**
   * The names, or patterns, of the events that are played; all others are what has to come out. Default: events that
   * nothing else in the recording has led to.
   */
  readonly causes?: readonly string[];
  /** The names, or patterns, of the events that are compared. Default: all but gate activity. */
  readonly names?: readonly string[];
  /** Places in the data that may differ: `'data.token'`, `'data.*.at'`, `'**.requestId'`. */
  readonly ignore?: readonly string[];
  /**
   * `'causal'` (default): what a cause led to may come in any order, as it may where agents work at the same time. `'total'`:
   * everything comes in the order of the recording.
   */
  readonly order?: 'causal' | 'total';
}

/** Sets the world up as the program does: subscribes its handlers. Bare functions in it mean the coordinator of the replay. */
export type ReplaySetup = (coordinator: Coordinator<Registered>, clock: VirtualTime) => unknown;

/** How many timers may run when everything has been played, before it counts as endless. */
const patience = 100_000;

/**
 * Plays the causes of a recording into a coordinator of its own, in virtual time and at their pace, and compares what comes
 * out with what came out when it was recorded. So a recorded incident becomes a test.
 *
 * Ids, numbers, times, durations and stacks are not compared, nor is what was redacted; senders and data are. What waits
 * through the clock of the coordinator (retries, timeouts, gates) takes no time; what waits elsewhere takes its real time,
 * while the clock stands still as soon as it has no timer left. Failures of handlers are compared where `rxbaton.handler_failed` was
 * recorded, and named below the differences.
 *
 * @throws Error (rejects) with both outcomes in one picture: `-` is missing, `+` is new, `~` has changed. ConfigError for an option
 * that makes no sense, and for a recording without causes.
 * @example
 * ```ts
 * it('charges each order once', () =>
 *   expectReplay(openRecording('incidents/double-charge.jsonl'), { ignore: ['data.receipt'] }, () => {
 *     when('order_placed', charge);
 *   }));
 * ```
 */
export function expectReplay(recording: Recorded, setup: ReplaySetup): Promise<void>;
export function expectReplay(recording: Recorded, options: ExpectReplayOptions, setup: ReplaySetup): Promise<void>;
export async function expectReplay(
  recording: Recorded,
  given: ExpectReplayOptions | ReplaySetup,
  trailing?: ReplaySetup,
): Promise<void> {
  const [options, setup] = typeof given === 'function' ? [{}, given] : [given, trailing];
  const owner = 'expectReplay()';
  knownOptions(owner, options, ['stream', 'causes', 'names', 'ignore', 'order']);
  if (typeof setup !== 'function') expected(owner, 'given a function that sets up the coordinator', setup);
  const order = oneOf(options.order ?? 'causal', ['causal', 'total'], `${owner}.order`);
  const ignored = redaction(options.ignore ?? [], `${owner}.ignore`);
  const isCompared = options.names === undefined ? null : anyOf(options.names, `${owner}.names`);
  const isCause = options.causes === undefined ? null : anyOf(options.causes, `${owner}.causes`);

  const events = await eventsOf(recording, options.stream);
  const known = new Map(events.map((event) => [event.id, event]));
  const causes = events.filter((event) => isCause?.(event.name) ?? parentOf(event, known) === undefined);
  if (causes.length === 0) {
    throw new ConfigError('There is nothing to replay: the recording has no causes.', {
      hint: 'Look at its names, and at the options stream and causes.',
      details: { events: events.length },
    });
  }
  const played = new Set(causes);
  const compared = ({ name }: CoordinatorEvent): boolean => isCompared?.(name) ?? !name.startsWith('rxbaton.gate.');
  const recorded = events.filter((event) => !played.has(event) && compared(event));
  // Of its own events the library says those that were recorded then, and those that are asked for.
  const own = new Set([...recorded.map(({ name }) => name), ...(options.names ?? [])].filter(isOwn));
  const { outcome, failures } = await play(causes, events.at(-1)!.timestamp, ['*', ...own], setup);
  const replayed = outcome.filter(compared);

  const comparison = compare(forest(causes, recorded), forest(causes, replayed), ignored);
  const problem = comparison.changed + comparison.missing + comparison.extra > 0 ? told(comparison) : null;
  const wrong = problem ?? (order === 'total' ? outOfOrder(comparison, recorded) : null);
  if (wrong === null) return;
  const heard =
    failures.length === 0 ? [] : ['', 'Failures during the replay:', ...failures.map((line) => `  ${line}`)];
  throw new Error([...wrong, ...heard].join('\n'));
}

async function eventsOf(recording: Recorded, stream: string | undefined): Promise<readonly CoordinatorEvent[]> {
  if (Array.isArray(recording)) return recording as readonly CoordinatorEvent[];
  const events = replay(recording as EventLog | PromiseLike<EventLog>, stream === undefined ? {} : { stream });
  return lastValueFrom(events.pipe(toArray()), { defaultValue: [] });
}

/** What comes out of the causes, and what went wrong meanwhile. */
async function play(
  causes: readonly CoordinatorEvent[],
  end: number,
  names: readonly string[],
  setup: ReplaySetup,
): Promise<{ readonly outcome: readonly CoordinatorEvent[]; readonly failures: readonly string[] }> {
  const begin = causes[0]!.timestamp;
  const { clock, armed } = watched(virtualTime({ epoch: begin }));
  const failures: string[] = [];
  const coordinator = createCoordinator({ clock, onError: (error, what) => failures.push(`${what} ${String(error)}`) });
  try {
    await within(coordinator, () => setup(coordinator, clock));
    const log = memoryLog();
    persist(coordinator, log, { names });
    const script = memoryLog();
    await script.append('events', causes);
    let over = false;
    const done = lastValueFrom(replay(script, { speed: 1, into: coordinator }), { defaultValue: null }).then(() =>
      coordinator.settled(),
    );
    const ended = done.finally(() => (over = true));
    ended.catch(() => {});
    // What happened by then may have been the doing of timers that nobody waits for.
    await clock.advance(Math.max(0, end - begin));
    for (let timers = 0; !over; timers++) {
      if (timers > patience)
        throw new Error(`The replay comes to no end: ${patience} timers ran after the last event.`);
      if (clock.next < Infinity) await clock.advance(clock.next - clock.now());
      else await Promise.race([ended, armed()]);
    }
    await ended;
    return { outcome: await eventsOf(log, undefined), failures };
  } finally {
    await coordinator.close({ deadline: 0 });
  }
}

/** A clock that also says when the next timer is armed. */
function watched(inner: VirtualTime): { readonly clock: VirtualTime; readonly armed: () => Promise<void> } {
  let wake: (() => void) | null = null;
  const schedule = ((...args: Parameters<VirtualTime['schedule']>) => {
    wake?.();
    return inner.schedule(...args);
  }) as VirtualTime['schedule'];
  const clock = Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(inner), schedule: { value: schedule } },
  );
  return { clock: clock as VirtualTime, armed: () => new Promise((resolve) => (wake = resolve)) };
}

/** @throws ConfigError */
function anyOf(names: readonly string[], option: string): (name: string) => boolean {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    expected(option, 'a list of names or patterns', names);
  const selectors = names.map(compile);
  return (name) => selectors.some((selector) => selector.matches(name));
}

function told({ changed, missing, extra, lines }: Comparison): readonly string[] {
  return [
    `The replay came out another way: ${changed} changed, ${missing} missing (-), ${extra} new (+).`,
    '',
    ...picture(lines),
  ];
}

/** The first two events that have changed places. */
function outOfOrder({ pairs }: Comparison, recorded: readonly CoordinatorEvent[]): readonly string[] | null {
  const place = new Map(recorded.map((event, i) => [event, i]));
  const inOrder = [...pairs].sort(([one], [other]) => place.get(one.event)! - place.get(other.event)!);
  const at = inOrder.findIndex(([, { event }], i) => i > 0 && event.seq < inOrder[i - 1]![1].event.seq);
  if (at < 0) return null;
  const [first, second] = inOrder.slice(at - 1, at + 1).map(([{ event }]) => `${event.name} ${show(event.data)}`);
  return ['The replay came out in another order: the second of these came first.', '', `  ${first!}`, `  ${second!}`];
}
