import fc from 'fast-check';
import { map, type Observable, of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { OverflowError } from '../../lib/errors.ts';
import {
  inspect,
  rateLimiter,
  semaphore,
  type CoordinatorEvent,
  type GateActivity,
  type GateState,
} from '../../lib/index.ts';
import { fifo, neverTwoHolders, rateNeverExceeded } from '../../lib/testing/index.ts';
import { marbles } from '../../lib/testing/marbles.ts';
import { exclusive } from '../../operators/exclusive.ts';
import { rateLimit } from '../../operators/rateLimit.ts';
import { runs } from '../support/runs.ts';

interface Value {
  readonly at: number;
  /** How long its work takes, or what it costs. */
  readonly size: number;
}
interface Stream {
  readonly values: readonly Value[];
  readonly maxQueue: number;
  readonly overflow: 'error' | 'drop-oldest' | 'drop-newest';
  /** When its consumer leaves. */
  readonly leaves: number;
  /** Whether what happens to a value causes another one at once. */
  readonly echoes: boolean;
}

const value = fc.record({ at: fc.nat(40), size: fc.integer({ min: 0, max: 6 }) });
const stream: fc.Arbitrary<Stream> = fc.record({
  values: fc.array(value, { maxLength: 12 }),
  maxQueue: fc.oneof(fc.nat(3), fc.constant(Infinity)),
  overflow: fc.constantFrom('error', 'drop-oldest', 'drop-newest'),
  leaves: fc.oneof({ weight: 1, arbitrary: fc.nat(60) }, { weight: 3, arbitrary: fc.constant(Infinity) }),
  echoes: fc.boolean(),
});
const streams = fc.array(stream, { minLength: 1, maxLength: 4 });

/** What one operator has to do with its values, said in the simplest way: one of them is under way, the others wait. */
class Model {
  current: number | null = null;
  readonly waiting: number[] = [];
  sent = 0;
  dropped = 0;
  overflowed = false;
  private readonly stream: Stream;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  send(id: number): void {
    this.sent++;
    const { maxQueue, overflow } = this.stream;
    if (this.current === null) this.current = id;
    else if (this.waiting.length < maxQueue) this.waiting.push(id);
    else if (overflow === 'error') this.overflowed = true;
    else {
      this.dropped++;
      if (overflow === 'drop-newest' || maxQueue === 0) return;
      this.waiting.shift();
      this.waiting.push(id);
    }
  }

  pass(): void {
    this.current = this.waiting.shift() ?? null;
  }
}

type Through = (source: Observable<number>, trial: Trial) => Observable<number>;

/** One stream on its way through an operator, beside its model. */
class Trial {
  readonly model: Model;
  readonly seen: number[] = [];
  readonly mistakes: string[] = [];
  ended: 'complete' | 'left' | 'overflow' | null = null;
  private readonly source = new Subject<number>();
  private readonly plan: Stream;
  private readonly label: string;
  private echoed = 0;

  constructor(plan: Stream, label: string, through: Through) {
    this.plan = plan;
    this.label = label;
    this.model = new Model(plan);
    const subscription = through(this.source, this).subscribe({
      next: (id) => {
        this.expectTurnOf(id);
        this.seen.push(id);
        this.model.pass();
      },
      error: (error: unknown) => {
        if (!(error instanceof OverflowError) || !this.model.overflowed) this.mistakes.push(String(error));
        this.ended = 'overflow';
      },
      complete: () => (this.ended = 'complete'),
    });
    plan.values.forEach(({ at }, id) => timer(at).subscribe(() => this.send(id)));
    timer(45).subscribe(() => this.source.complete());
    if (plan.leaves < Infinity) {
      timer(plan.leaves).subscribe(() => {
        this.ended ??= 'left';
        subscription.unsubscribe();
      });
    }
  }

  get options(): Pick<Stream, 'maxQueue' | 'overflow'> & { label: string } {
    const { maxQueue, overflow } = this.plan;
    return { maxQueue, overflow, label: this.label };
  }

  /** The size of a value; an echo has that of what it echoes. */
  size(id: number): number {
    return this.plan.values[id % this.plan.values.length]!.size;
  }

  private send(id: number): void {
    if (this.ended !== null || !this.source.observed) return;
    this.model.send(id);
    this.source.next(id);
  }

  /** Something happens to a value: it has to be the turn of this one. */
  turnOf(id: number): void {
    this.expectTurnOf(id);
    if (this.plan.echoes && id < this.plan.values.length && this.echoed++ < 3) this.send(id + this.plan.values.length);
  }

  private expectTurnOf(id: number): void {
    if (this.model.current !== id) this.mistakes.push(`${id} came, and ${this.model.current} was due`);
  }

  verdict(): unknown {
    const { model, mistakes, seen, ended } = this;
    const lost = model.sent - seen.length - model.dropped;
    return {
      mistakes,
      ended: ended !== null,
      lost: ended === 'complete' ? lost : 0,
    };
  }
}

const clean = { mistakes: [], ended: true, lost: 0 };

/** Runs all streams through one gate to the end of time; the activity of the gate, and how the streams fared. */
function tryOut(
  plans: readonly Stream[],
  gate: Parameters<typeof inspect>[0],
  through: Through,
): { verdicts: unknown[]; activity: CoordinatorEvent[]; left: object } {
  const activity: CoordinatorEvent[] = [];
  let result!: { verdicts: unknown[]; left: object };
  marbles(({ coordinator, flush }) => {
    coordinator.when('rxbaton.gate.*').subscribe((event) => activity.push(event));
    const trials = plans.map((plan, i) => new Trial(plan, `${i}`, through));
    flush();
    const { holders, waiting } = inspect(gate) as GateState;
    result = { verdicts: trials.map((trial) => trial.verdict()), left: { holders, waiting } };
  })();
  return { ...result, activity };
}

/**
 * Who waited longer than somebody behind them, in time. Tokens have no fences by which `fifo` could see that a place had been
 * booked before a newcomer entered in the same moment.
 */
function overtaken(activity: readonly CoordinatorEvent[]): string[] {
  const line: { readonly who: string; passedAt: number }[] = [];
  const found: string[] = [];
  for (const { data } of activity as readonly { data: GateActivity }[]) {
    const { action, who = '', at } = data;
    if (action === 'queued') line.push({ who, passedAt: Infinity });
    else {
      const place = line.findIndex((other) => other.who === who);
      if (action === 'granted') {
        for (const other of place < 0 ? line : line.slice(0, place)) other.passedAt = Math.min(other.passedAt, at);
      }
      const [left] = place < 0 ? [] : line.splice(place, 1);
      if (left && left.passedAt < at) found.push(`${who} at ${at}, and others behind it at ${left.passedAt}`);
    }
  }
  return found;
}

describe('under random schedules', () => {
  it('exclusive keeps order, loses nothing that no policy drops, never exceeds its gate, and leaves nothing behind', () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 3 }), fc.boolean(), (plans, permits, twice) => {
        const gate = semaphore('gate', { permits });
        const { verdicts, activity, left } = tryOut(plans, gate, (source, trial) =>
          source.pipe(
            exclusive(
              gate,
              (id) => {
                trial.turnOf(id);
                const ms = trial.size(id);
                return ms === 0 ? of(id) : timer(ms).pipe(map(() => id));
              },
              { ...trial.options, cost: twice ? Math.min(2, permits) : 1 },
            ),
          ),
        );
        expect(verdicts).toEqual(plans.map(() => clean));
        expect(left).toEqual({ holders: [], waiting: [] });
        neverTwoHolders(activity, { permits });
        fifo(activity);
      }),
      { numRuns: runs(300) },
    );
  });

  it.each(['sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket'] as const)(
    'rateLimit by a %s keeps order, loses nothing that no policy drops, never exceeds, and leaves nothing behind',
    (strategy) => {
      // Whole milliseconds apart: a clock that rings a little late lets two come closer than the pace of a bucket.
      const limits = fc
        .record({ limit: fc.integer({ min: 1, max: 8 }), interval: fc.integer({ min: 1, max: 4 }) })
        .map(({ limit, interval }) => ({ limit, per: limit * interval }));
      fc.assert(
        fc.property(streams, limits, fc.boolean(), (plans, { limit, per }, costly) => {
          const gate = rateLimiter('gate', { limit, per, strategy });
          const cost = (trial: Trial, id: number): number =>
            costly ? Math.min(limit, Math.max(1, trial.size(id))) : 1;
          const { verdicts, activity, left } = tryOut(plans, gate, (source, trial) =>
            source.pipe(
              rateLimit(gate, { ...trial.options, cost: (id) => cost(trial, id) }),
              map((id) => {
                trial.turnOf(id);
                return id;
              }),
            ),
          );
          expect(verdicts).toEqual(plans.map(() => clean));
          expect(left).toEqual({ holders: [], waiting: [] });
          // The nature of buckets and fixed windows is that two bursts can meet: twice the limit, and never more.
          const most =
            strategy === 'sliding-window'
              ? limit
              : strategy === 'leaky-bucket'
                ? limit + (costly ? limit : 0)
                : 2 * limit;
          rateNeverExceeded(activity, { limit: most, per });
          expect(overtaken(activity)).toEqual([]);
        }),
        { numRuns: runs(100) },
      );
    },
  );
});
