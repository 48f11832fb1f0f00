/** Where the events of a coordinator are kept, and how that changes while it runs. */
import { ClosedError } from '../errors.ts';
import type { Destination } from '../log/destination.ts';
import type { Environment } from '../log/environment.ts';
import type { EventLog } from '../log/EventLog.ts';
import type { CoordinatorKernel } from './CoordinatorKernel.ts';
import { isPending, startRoute, type Route } from './route.ts';

/** What was said in code. */
export interface Given {
  /** To which function. */
  readonly by: string;
  /** Settings by their names, and options that only the log understands. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Broker {
  /** What the environment sets for this coordinator. */
  readonly environment: Environment;
  /** What its logger was given to, if that was done in code. */
  readonly logger: 'configure()' | 'createCoordinator()' | null;
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

const brokers = new WeakMap<CoordinatorKernel, Broker>();

/** The broker of a coordinator. One that nobody has set up knows no environment: it is not the default one. */
export const brokerOf = (kernel: CoordinatorKernel): Broker =>
  brokers.get(kernel) ?? startBroker(kernel, { environment: {}, logger: kernel.logs ? 'createCoordinator()' : null });

export function startBroker(kernel: CoordinatorKernel, about: Pick<Broker, 'environment' | 'logger'>): Broker {
  let route: Route | null = null;
  let given: Given | null = null;
  /** Settles with the last change, while that is under way. */
  let changing: Promise<void> | null = null;

  async function change(next: Destination | null, said: Given | null): Promise<EventLog | null> {
    // Before anything is opened: nobody would close it.
    if (next !== null) kernel.admit('configureBroker()');
    const [old, before] = [route, given];
    // In the same store the old one must end first: what comes in between waits.
    const again = old !== null && old.to.store === next?.store;
    let ended = again ? old.end() : null;
    let log = again ? ended!.then(() => next!.open()) : (next?.open() ?? null);
    // Elsewhere the old one takes the events until the new one is there.
    if (old !== null && !again && isPending(log)) {
      log = await log;
      if (kernel.closed) {
        if (next!.owned) await log.close();
        throw new ClosedError('The coordinator was closed before its new log was open.');
      }
    }

    const taken = log === null ? null : startRoute(kernel, next!, log, again ? () => old.to.open() : undefined);
    [route, given] = [taken, said];
    ended ??= old?.end() ?? null;
    // It is waited for below, and must not count as unhandled until then.
    ended?.catch(nothing);
    try {
      return await log;
    } catch (error) {
      const back = taken!.end();
      // What has come in between is in the old store too.
      route = again
        ? startRoute(
            kernel,
            old.to,
            back.then(() => old.to.open()),
          )
        : null;
      given = before;
      await back;
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

const nothing = (): void => undefined;
