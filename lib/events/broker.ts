/** Where the events of a coordinator are kept, and how that changes while it runs. */
import type { Destination } from '../log/destination.ts';
import type { Environment } from '../log/environment.ts';
import type { EventLog } from '../log/EventLog.ts';
import { memoryLog } from '../log/memoryLog.ts';
import { persist, type Persistence } from '../log/persist.ts';
import type { Coordinator } from './Coordinator.ts';
import type { CoordinatorKernel } from './CoordinatorKernel.ts';

/** What was said in code: settings by their names, and options that only the log understands. */
export type Given = Readonly<Record<string, unknown>>;

export interface Broker {
  /** What the environment sets for this coordinator. */
  readonly environment: Environment;
  /** Whether its logger was given in code. */
  readonly logs: boolean;
  /** What holds of what code has said; `null` where it has said nothing. */
  readonly given: Given | null;
  /**
   * Sends events elsewhere; `null`: nowhere. Every event goes to one of the two, and the change lies between two events.
   *
   * @returns The new log, open, when what was on its way to the old one is there. Until the new one is open the old one
   * takes the events: if it cannot be opened, nothing has changed, and this rejects.
   */
  choose(next: Destination | null, given: Given | null): Promise<EventLog | null>;
}

interface Route {
  readonly to: Destination;
  readonly log: EventLog | PromiseLike<EventLog>;
  readonly persistence: Persistence;
}

const brokers = new WeakMap<CoordinatorKernel, Broker>();

/** The broker of a coordinator. One that nobody has set up knows no environment: it is not the default one. */
export const brokerOf = (kernel: CoordinatorKernel): Broker =>
  brokers.get(kernel) ?? startBroker(kernel, { environment: {}, logs: false });

export function startBroker(kernel: CoordinatorKernel, about: Pick<Broker, 'environment' | 'logs'>): Broker {
  // From the inside: the default coordinator has no outside.
  const keep = persist.bind(null, kernel as unknown as Coordinator);
  let route: Route | null = null;
  let given: Given | null = null;
  /** Settles with the last change, while that is under way. */
  let changing: Promise<void> | null = null;

  async function change(next: Destination | null, said: Given | null): Promise<EventLog | null> {
    const old = route;
    // In the same store the old one must end first: what comes in between waits.
    const again = old !== null && old.to.store === next?.store;
    let ended = again ? end(old) : null;
    let log = again ? ended!.then(() => next!.open()) : (next?.open() ?? null);
    // Elsewhere the old one takes the events until the new one is there.
    if (old !== null && !again && isPending(log)) log = await log;

    route = log === null ? null : { to: next!, log, persistence: keep(orNowhere(log), next!.persist) };
    const before = given;
    given = said;
    ended ??= end(old);
    // It is waited for below, and must not count as unhandled until then.
    ended.catch(nothing);
    try {
      return await log;
    } catch (error) {
      const failed = route;
      [route, given] = [null, before];
      await failed?.persistence.stop();
      throw error;
    } finally {
      await ended;
    }
  }

  const broker: Broker = {
    ...about,
    get given() {
      return given;
    },
    choose(next, said) {
      // At once where it can be: what is emitted next must find it.
      const changed = changing === null ? change(next, said) : changing.then(() => change(next, said));
      const over = changed.then(nothing, nothing);
      changing = over;
      void over.then(() => {
        if (changing === over) changing = null;
      });
      // Another promise: a failure that nobody waits for must stay an unhandled one.
      return changed.then((log) => log);
    },
  };
  brokers.set(kernel, broker);
  return broker;
}

/** Resolves when no further event goes there and those that do are there. */
async function end(route: Route | null): Promise<void> {
  if (route === null) return;
  await route.persistence.stop();
  if (route.to.owned) await (await route.log).close();
}

/** Who waits for the log hears that it cannot be opened; the events that wait for it are not lost a second time. */
function orNowhere(log: EventLog | PromiseLike<EventLog>): EventLog | PromiseLike<EventLog> {
  return isPending(log) ? log.then(null, () => memoryLog({ keep: 1 })) : log;
}

const nothing = (): void => undefined;

function isPending(log: EventLog | PromiseLike<EventLog> | null): log is PromiseLike<EventLog> {
  return log !== null && 'then' in log;
}
