import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  acquire,
  allOf,
  createCoordinator,
  cyclicBarrier,
  define,
  enter,
  hold,
  inspect,
  mutex,
  open,
  rateLimiter,
  run,
  semaphore,
  SpecConflictError,
  within,
  type GateSpec,
  type GateState,
} from 'rxbaton';
import { exclusive, rateLimit, withLock } from 'rxbaton/operators';
import { resetDefault } from 'rxbaton/testing';
import { defaultHost } from '../../lib/gates/host.ts';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const pool = semaphore('pool', { permits: 2 });

describe('a bare name', () => {
  it('means a mutex where nothing else is known', () => {
    const { ask, state } = gateWorld();
    expect([ask('db').fate, ask('db').fate, state('db').kind]).toEqual(['held', 'waiting', 'mutex']);
  });

  it('joins the live gate of that name', () => {
    const { ask } = gateWorld();
    expect([ask(pool).fate, ask('pool').fate, ask('pool').fate]).toEqual(['held', 'held', 'waiting']);
  });

  it('means what was defined, in every face and operator', async () => {
    const { within, state, ask } = gateWorld();
    const holders = await within(async () => {
      define(pool);
      const seen: number[] = [];
      const other = await enter('pool');
      const look = (): number => seen.push(state(pool).holders.length);
      await run('pool', look);
      hold(acquire('pool'), () => of(look())).subscribe();
      of(1).pipe(withLock('pool')).subscribe(look);
      of(1)
        .pipe(exclusive('pool', () => of(look())))
        .subscribe();
      of(1).pipe(rateLimit('pool')).subscribe(look);
      await run(allOf('pool', 'x'), look);
      other.release();
      return seen;
    });
    expect(holders).toEqual([2, 2, 2, 2, 2, 2]);
    expect(ask('pool', { cost: 2 }).fate).toBe('held');
  });

  it('that is empty is refused', async () => {
    const { within } = gateWorld();
    expect((await errorOf(() => within(() => run('', () => 1)))).code).toBe('RXB_CONFIG');
  });
});

describe('two descriptions of one name', () => {
  it('are one gate where they say the same', () => {
    const { ask } = gateWorld();
    ask(mutex('db', { ttl: '1m' }));
    expect(ask(mutex('db', { ttl: 60_000 })).fate).toBe('waiting');
  });

  it('that differ are an error while the gate is in use, which shows both', () => {
    const { ask } = gateWorld();
    ask(pool);
    const { error } = ask(semaphore('pool', { permits: 3 }));
    expect(error).toBeInstanceOf(SpecConflictError);
    expect(error).toMatchObject({
      code: 'RXB_SPEC_CONFLICT',
      message: expect.stringMatching(
        /^'pool' is in use as \{.*"permits":2.*\}, and was now asked for as \{.*"permits":3.*\}\. Share one description, or change/,
      ),
      details: { name: 'pool', there: pool, asked: { permits: 3 } },
    });
  });

  it('that differ are an error while the account is not back at the start', async () => {
    const { ask, clock } = gateWorld();
    ask(rateLimiter('api', { limit: 5, per: 100 }));
    expect(ask(rateLimiter('api', { limit: 9, per: 100 })).fate).toBe('RXB_SPEC_CONFLICT');
    await clock.advance(100);
    expect(ask(rateLimiter('api', { limit: 9, per: 100 })).fate).toBe('spent');
  });

  it('that differ are no error once nobody uses the first: the second replaces it', () => {
    const { ask, state } = gateWorld();
    ask(pool).leave();
    expect(ask(mutex('pool')).fate).toBe('held');
    expect(state('pool').kind).toBe('mutex');
  });

  it('that differ are an error while a key of the first is in use, and none when it is not', () => {
    const { ask } = gateWorld();
    const holder = ask(pool, { key: 'a' });
    expect(ask(mutex('pool'), { key: 'b' }).fate).toBe('RXB_SPEC_CONFLICT');
    expect(ask(mutex('pool')).fate).toBe('RXB_SPEC_CONFLICT');
    holder.leave();
    expect([ask(mutex('pool'), { key: 'b' }).fate, ask('pool', { key: 'b' }).fate]).toEqual(['held', 'waiting']);
  });

  it('may live side by side in two coordinators', () => {
    const [here, there] = [gateWorld(), gateWorld()];
    expect([here.ask(pool).fate, there.ask(mutex('pool')).fate]).toEqual(['held', 'held']);
  });
});

describe('define', () => {
  it('gives the description back, and refuses another one, also while nobody uses it', async () => {
    const { within, ask } = gateWorld();
    expect(within(() => define(pool))).toBe(pool);
    expect((await errorOf(() => within(() => define(mutex('pool'))))).message).toMatch(/^'pool' is defined as/);
    expect(ask(mutex('pool')).error).toMatchObject({ message: expect.stringMatching(/^'pool' is defined as/) });
    expect(within(() => define(semaphore('pool', { permits: 2 }))).permits).toBe(2);
  });

  it('refuses a name that is in use with other settings, and replaces one at rest', async () => {
    const { within, ask } = gateWorld();
    const holder = ask('pool');
    expect((await errorOf(() => within(() => define(pool)))).message).toMatch(/^'pool' is in use as/);
    holder.leave();
    within(() => define(pool));
    expect([ask('pool').fate, ask('pool').fate]).toEqual(['held', 'held']);
  });

  it.each([undefined, null, 'pool', {}, { name: 'x' }, allOf('a', 'b')])(
    'refuses what is no description: %o',
    async (bad) => {
      const { within } = gateWorld();
      expect((await errorOf(() => within(() => define(bad as never)))).code).toBe('RXB_CONFIG');
    },
  );

  it('is there on every coordinator', () => {
    const { coordinator, ask } = gateWorld();
    coordinator.define(pool);
    expect([ask('pool').fate, ask('pool').fate]).toEqual(['held', 'held']);
  });
});

describe('open', () => {
  it('gives a live gate that is accepted wherever a gate is', async () => {
    const { within, state } = gateWorld();
    const seen = await within(async () => {
      const gate = open(pool);
      const looks: number[] = [];
      const look = (): number => looks.push(state(pool).holders.length);
      await run(gate, look);
      hold(gate.acquire(), () => of(look())).subscribe();
      of(1).pipe(withLock(gate)).subscribe(look);
      of(1)
        .pipe(exclusive(gate, () => of(look())))
        .subscribe();
      of(1).pipe(rateLimit(gate)).subscribe(look);
      await run(allOf(gate, 'x'), look);
      await run(allOf({ gate, cost: 2 }), look);
      (await enter(gate)).release();
      expect((await inspect(gate)).name).toBe('pool');
      return [gate.name, gate.spec, looks];
    });
    expect(seen).toEqual(['pool', pool, [1, 1, 1, 1, 1, 1, 1]]);
  });

  it('stays the gate of its own coordinator, wherever it is used', async () => {
    const [here, there] = [gateWorld(), gateWorld()];
    const gate = here.open(pool);
    await there.within(() =>
      run(gate, async () => {
        expect([here.state(pool).holders.length, there.state(pool).holders.length]).toEqual([1, 0]);
        await run(gate, () => expect(here.state(pool).available).toBe(0));
      }),
    );
    expect(here.state(pool).available).toBe(2);
  });

  it('brings its coordinator along for all gates of one request, which can not have two', () => {
    const [here, there] = [gateWorld(), gateWorld()];
    const all = there.ask(allOf(here.open('a'), 'b', pool));
    expect([all.fate, here.state('b').available, there.state('b').available]).toEqual(['held', 0, 1]);
    expect(() => acquire(allOf(here.open('a'), there.open('b')))).toThrow(
      'acquire() cannot take live gates of different coordinators together.',
    );
  });

  it('of a name opens what the name means', () => {
    const { ask, open: openHere } = gateWorld();
    ask(pool);
    expect(openHere('pool').spec).toBe(pool);
    expect(openHere('other').spec).toEqual(mutex('other'));
  });

  it('is a gate of the default coordinator where no other one runs', () => {
    resetDefault();
    const held = open('db').acquire().subscribe();
    expect((defaultHost().core('db').inspect() as GateState).holders).toHaveLength(1);
    held.unsubscribe();
    resetDefault();
  });
});

describe('fences', () => {
  it('rise over all gates and keys of a coordinator', () => {
    const { ask } = gateWorld();
    const fences = [ask('a'), ask('b'), ask(pool), ask('c', { key: 'k' }), ask(allOf('d', 'e')), ask('f')].map(
      ({ grant }) => grant.fence!,
    );
    expect(fences).toEqual([...fences].sort((x, y) => x - y));
    expect(new Set(fences).size).toBe(6);
  });
});

describe('within', () => {
  it('is remembered by what was started inside, and not by what comes after', async () => {
    const coordinator = createCoordinator();
    const gate = coordinator.open('db');
    await within(coordinator, async () => {
      await Promise.resolve();
      await run('db', () => expect((gate.inspect() as GateState).holders).toHaveLength(1));
    });
    resetDefault();
    await run('db', () => expect((gate.inspect() as GateState).holders).toHaveLength(0));
    resetDefault();
  });
});

describe('a backend that cannot have such a gate', () => {
  it('says why, before anybody opens it', async () => {
    const backend = {
      ...memoryBackend(),
      supports: (spec: GateSpec) => spec.kind !== 'barrier' || 'No barriers here.',
    };
    const coordinator = createCoordinator({ backend });
    const { code, message } = await errorOf(() => coordinator.open(cyclicBarrier('meeting', { parties: 2 })));
    expect([code, message]).toEqual(['RXB_CONFIG', 'No barriers here.']);
    expect(backend.find('meeting')).toBe(null);
    expect(coordinator.open(mutex('db')).spec.name).toBe('db');
  });
});
