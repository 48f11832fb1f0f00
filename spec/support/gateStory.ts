import { Observable, type Subscription } from 'rxjs';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { within } from '../../lib/events/defaultCoordinator.ts';
import { acquire } from '../../lib/gates/acquire.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import type { Gate, Grant } from '../../lib/gates/gate.ts';
import { hold } from '../../lib/gates/hold.ts';
import { open } from '../../lib/gates/open.ts';
import type { GateSpec, ReadWriteSpec } from '../../lib/gates/spec.ts';
import type { ActivityEvent, OracleCommand, OracleOutcome } from '../../lib/testing/index.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

/** How work under a grant stops: what a release is to the oracle. */
export type Ending = 'unsubscribe' | 'complete' | 'error';
export type Leaving = 'unsubscribe' | 'abort';
export type StoryCommand =
  | OracleCommand
  | { readonly do: 'release'; readonly id: string; readonly how: Ending }
  | { readonly do: 'leave'; readonly id: string; readonly how: Leaving };
type Arrive = Extract<OracleCommand, { do: 'arrive' }>;

/** What really happened. */
export interface Acted {
  readonly outcomes: OracleOutcome[];
  /** In the order in which they were given. */
  readonly fences: number[];
  /** Who got which. */
  readonly fenceOf: Map<string, number>;
  readonly events: ActivityEvent[];
  /** Each gate at the end: how many hold, how many wait, and what could be taken. */
  readonly left: Record<string, { holders: number; waiting: number; available: number }>;
}

/** Somebody who asked, and how to end it. */
interface Party {
  readonly calledOff: AbortController;
  subscription: Subscription | null;
  grant: Grant | null;
  end(how: Ending): void;
}

const refusals: Readonly<Record<string, 'impossible' | 'busy' | 'broken'>> = {
  RXB_LIMIT_IMPOSSIBLE: 'impossible',
  RXB_BUSY: 'busy',
  RXB_BARRIER_BROKEN: 'broken',
};

/** What an error means to the oracle; `null`: it was the wish of the party itself. */
function outcomeOf(
  id: string,
  at: number,
  error: { code?: string; details?: { reason?: string } },
): OracleOutcome | null {
  const refusal = refusals[error.code ?? ''];
  if (refusal !== undefined) return { id, at, outcome: 'refused', reason: refusal };
  if (error.code !== 'RXB_LEASE_LOST') return null;
  return { id, at, outcome: 'lost', reason: error.details?.reason === 'expired' ? 'expired' : 'forced' };
}

/** Where a story happens: the coordinators of one process or of several, and their time. */
export interface StoryWorld {
  /** Whether those who enter at one moment may hear of it in any order: that of messages to several processes. */
  readonly scattered?: boolean;
  readonly coordinators: readonly Coordinator[];
  now(): number;
  advance(ms: number): Promise<void>;
  /** Resolves when what was done so far has had its effect. */
  idle(): Promise<void>;
}

function inMemory(): StoryWorld {
  const clock = virtualTime();
  return {
    coordinators: [createCoordinator({ clock })],
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    idle: () => Promise.resolve(),
  };
}

/** Carries commands out on real gates in virtual time, and tells what came of them in the words of the oracle. */
export async function actOut(
  specs: readonly GateSpec[],
  commands: readonly StoryCommand[],
  clock: StoryWorld = inMemory(),
): Promise<Acted> {
  const places = clock.coordinators.map(
    (coordinator) => new Map(specs.map((spec) => [spec.name, open(spec, coordinator.gates)])),
  );
  const [coordinator] = clock.coordinators as [Coordinator];
  const [gates] = places as [Map<string, Gate>];
  const parties = new Map<string, Party>();
  const acted: Acted = { outcomes: [], fences: [], fenceOf: new Map(), events: [], left: {} };
  for (const each of clock.coordinators) each.when('rxbaton.gate.*').subscribe((event) => acted.events.push(event));

  /** One after the other they ask from all processes. */
  const gateOf = (name: string | undefined): Gate => {
    const place = places[parties.size % places.length]!;
    const gate = name === undefined ? [...place.values()][0] : place.get(name);
    if (!gate) throw new Error(`There is no gate '${name}'.`);
    return gate;
  };

  const readingOf = (gate: Gate): Gate => {
    const at = places.findIndex((place) => place.get(gate.name) === gate);
    return open({ ...(gate.spec as ReadWriteSpec), mode: 'read' }, clock.coordinators[at]!.gates);
  };

  const arrive = ({ id, gate, cost = 1, priority = 0, attempt = false }: Arrive): void => {
    const calledOff = new AbortController();
    const party: Party = { calledOff, subscription: null, grant: null, end: () => undefined };
    parties.set(id, party);
    const work = (grant: Grant): Observable<never> => {
      party.grant = grant;
      acted.outcomes.push({ id, at: clock.now(), outcome: 'granted', index: grant.index });
      if (grant.fence !== null) {
        acted.fences.push(grant.fence);
        acted.fenceOf.set(id, grant.fence);
      }
      return new Observable((subscriber) => {
        party.end = (how) => {
          if (how === 'unsubscribe') party.subscription?.unsubscribe();
          else if (how === 'complete') subscriber.complete();
          else subscriber.error(new Error('The work fails.'));
        };
      });
    };
    const options = { label: id, priority, signal: calledOff.signal, ...(attempt ? { timeout: 0 } : {}) };
    const acquisition =
      gate === undefined || typeof gate === 'string'
        ? acquire(cost < 1 ? readingOf(gateOf(gate)) : gateOf(gate), { ...options, ...(cost < 1 ? {} : { cost }) })
        : acquire(allOf(...gate.map((name) => ({ gate: gateOf(name), cost }))), options);
    party.subscription = hold(acquisition, work).subscribe({
      error: (error: unknown) => {
        const outcome = outcomeOf(id, clock.now(), error as { code?: string; details?: { reason?: string } });
        if (outcome) acted.outcomes.push(outcome);
      },
    });
  };

  const leave = ({ calledOff, grant, subscription }: Party, how: Leaving): void => {
    // An abort has to be without effect on those who are inside; unsubscribing would end them.
    if (how === 'abort') calledOff.abort();
    else if (grant === null) subscription?.unsubscribe();
  };

  const act = async (command: StoryCommand): Promise<void> => {
    if (command.do === 'advance') return clock.advance(command.to - clock.now());
    if (command.do === 'change') return gateOf(command.gate).change(command.patch);
    if (command.do === 'arrive') {
      arrive(command);
      return;
    }
    const party = parties.get(command.id);
    if (!party) return;
    if (command.do === 'leave') leave(party, 'how' in command ? command.how : 'unsubscribe');
    else if (command.do === 'release') party.end('how' in command ? command.how : 'unsubscribe');
    else if (command.do === 'extend') await party.grant?.extend(command.ms);
    else if (command.do === 'charge') await party.grant?.charge(command.actual);
    else for (const gate of gates.values()) await gate.force(party.grant?.fence ?? NaN, 'forced');
  };

  await within(coordinator, async () => {
    for (const command of commands) {
      await act(command);
      await clock.idle();
    }
  });
  for (const [name, gate] of gates) {
    const { holders, waiting, available } = await gate.inspect();
    acted.left[name] = { holders: holders.length, waiting: waiting.length, available };
  }
  for (const each of clock.coordinators) await each.close({ deadline: 0 });
  return acted;
}
