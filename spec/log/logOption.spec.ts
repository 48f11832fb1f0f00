import { firstValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConfigError,
  configure,
  configureBroker,
  coordinate,
  createCoordinator,
  emit,
  memoryLog,
  settled,
  within,
  type CoordinatorEvent,
  type EventLog,
} from 'rxbaton';
import { resetDefault } from 'rxbaton/testing';

beforeEach(resetDefault);
afterEach(resetDefault);

const names = async (log: EventLog): Promise<string[]> =>
  (await firstValueFrom(log.read('events').pipe(toArray()))).map(({ event }) => (event as CoordinatorEvent).name);

describe('log', () => {
  it('of createCoordinator keeps every event from the first one on', async () => {
    const log = memoryLog();
    const coordinator = createCoordinator({ log });
    coordinator.emit('first');
    await coordinator.coordinate('call', () => 1)();
    await coordinator.close();
    expect(await names(log)).toEqual(['first', 'call_started', 'call_complete']);
    // It is somebody else's, and goes on.
    await log.append('events', [{ name: 'later' }]);
  });

  it('of configure keeps those of bare functions, and wins over the environment', async () => {
    const log = memoryLog();
    process.env['RXBATON_BACKEND'] = 'memory';
    try {
      configure({ log });
      emit('first');
      await coordinate('call', () => 1)();
      await settled();
      expect(await names(log)).toEqual(['first', 'call_started', 'call_complete']);
    } finally {
      delete process.env['RXBATON_BACKEND'];
    }
  });

  it('may be on its way, and may be another one later', async () => {
    const [one, two] = [memoryLog(), memoryLog()];
    const coordinator = createCoordinator({ log: Promise.resolve(one) });
    coordinator.emit('a');
    await within(coordinator, () => configureBroker(two));
    coordinator.emit('b');
    await coordinator.settled();
    expect([await names(one), await names(two)]).toEqual([['a'], ['b']]);
  });

  it('that cannot be opened is reported', async () => {
    const errors: unknown[] = [];
    const coordinator = createCoordinator({
      log: Promise.reject(new RangeError('no directory')),
      onError: (error) => errors.push(error),
    });
    coordinator.emit('a');
    await coordinator.settled();
    await new Promise(setImmediate);
    expect(errors.map(String)).toEqual(['RangeError: no directory']);
  });

  it('must be one', () => {
    expect(() => createCoordinator({ log: {} as never })).toThrow(ConfigError);
    expect(() => configure({ log: 7 as never })).toThrow(/configure\(\)\.log needs a log/);
  });
});
