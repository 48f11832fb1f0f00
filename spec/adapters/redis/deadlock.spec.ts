import fc from 'fast-check';
import { hostname } from 'node:os';
import { firstValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CoordinationError } from '../../../lib/errors.ts';
import { createCoordinator } from '../../../lib/events/createCoordinator.ts';
import { acquire } from '../../../lib/gates/acquire.ts';
import { allOf } from '../../../lib/gates/allOf.ts';
import type { AcquireOptions, Grant } from '../../../lib/gates/gate.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import type { GateSpec } from '../../../lib/gates/spec.ts';
import type { GateActivity, WaitEdge } from '../../../lib/gates/state.ts';
import { ask, type Asked, fates, follow } from '../../../lib/testing/contract/lab.ts';
import { memoryLab } from '../../support/memoryLab.ts';
import { nestedStory, tell } from '../../support/nestedStories.ts';
import { startCluster } from '../../support/redisCluster.ts';
import { redisLab, type RedisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';
import { runs } from '../../support/runs.ts';

let server: RedisServer;
let lab: RedisLab;
let twin: RedisLab;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

beforeEach(() => {
  lab = redisLab(server.url);
  twin = lab.twin();
});

afterEach(() => lab.close());

const [a, b, c] = [mutex('a'), mutex('b'), mutex('c')];

/** Asks in one of the processes, and waits until everybody has heard of it. Time passes, so that servers know who came first. */
async function asks(where: RedisLab, gate: GateSpec, options?: AcquireOptions): Promise<Asked> {
  const asked = ask(where.open(gate), options);
  await lab.advance(1);
  return asked;
}

const inside = (where: RedisLab, { grant }: { readonly grant: Grant }, gate: GateSpec, label?: string) =>
  asks(where, gate, label === undefined ? { owner: grant } : { owner: grant, label });

/** Two who hold what the other wants, in two processes; the second has just asked. */
async function crosswise(first: RedisLab, second: RedisLab) {
  const one = await asks(first, a, { label: 'one' });
  const two = await asks(second, b, { label: 'two' });
  const waits = await inside(first, one, b, 'one inside');
  const closes = await inside(second, two, a, 'two inside');
  return { one, two, waits, closes };
}

describe('a cycle over processes', () => {
  it('names everybody, and in which process the others are', async () => {
    const { waits, closes, two } = await crosswise(lab, twin);
    expect(fates([waits, closes])).toEqual(['waiting', 'RXB_DEADLOCK']);
    const where = `(process ${process.pid} on ${hostname()})`;
    const { message, hint, details } = closes.error as CoordinationError;
    expect(message).toContain(
      `two inside would wait for a for ever: two inside waits for a, held by one ${where}; one inside ${where} waits for b, held by two.`,
    );
    expect(hint).toMatch(/allOf\(\.\.\.\).*detached\(fn\)/);
    expect((details['cycle'] as WaitEdge[]).map(({ gate }) => gate)).toEqual(['a', 'b']);
    two.leave();
    await lab.idle();
    expect(waits.fate).toBe('held');
  });

  it('is told to those who listen, in the process of the one who is refused', async () => {
    const seen: GateActivity[][] = [lab, twin].map(({ coordinator }) => {
      const some: GateActivity[] = [];
      coordinator.when('rxbaton.gate.deadlock', (data) => some.push(data));
      return some;
    });
    await crosswise(lab, twin);
    expect(seen.map((some) => some.length)).toEqual([0, 1]);
    expect(seen[1]![0]).toMatchObject({ gate: 'a', who: 'two inside', cycle: [{ gate: 'a' }, { gate: 'b' }] });
  });

  it('leaves nothing behind: no place, no key but those of gates, no timer', async () => {
    const { one, two, waits } = await crosswise(lab, twin);
    for (const asked of [waits, two, one]) asked.leave();
    await lab.idle();
    expect(await Promise.all([a, b].map(async (spec) => (await lab.open(spec).inspect()).available))).toEqual([1, 1]);
    await lab.advance(3_000);
    expect(lab.clock.pending).toBe(0);
  });

  it('goes through keys, and through gates that one of the processes has never used', async () => {
    const keyed = (where: RedisLab, key: string, owner?: Asked) =>
      ask(where.open(a), owner === undefined ? { key } : { key, owner: owner.grant });
    const third = lab.twin();
    const all = [keyed(lab, 'x'), keyed(twin, 'y')];
    await lab.advance(1);
    const held = await asks(third, c);
    const waiting = [keyed(lab, 'y', all[0])];
    await lab.advance(1);
    waiting.push(await inside(twin, all[1]!, c));
    waiting.push(keyed(third, 'x', held));
    await lab.advance(1);
    expect(fates(waiting)).toEqual(['waiting', 'waiting', 'RXB_DEADLOCK']);
  });

  it('of two who ask at the same time is ended by one of them', async () => {
    const third = lab.twin();
    const all = [await asks(lab, a), await asks(twin, b), await asks(third, c)];
    const waiting = [
      ask(lab.open(b), { owner: all[0]!.grant }),
      ask(twin.open(c), { owner: all[1]!.grant }),
      ask(third.open(a), { owner: all[2]!.grant }),
    ];
    await lab.idle();
    expect(fates(waiting).sort()).toEqual(['RXB_DEADLOCK', 'waiting', 'waiting']);
  });
});

describe('of two processes that do not agree who came last', () => {
  it('the one that is to be refused is told to look again: by the clock of the server it came last', async () => {
    const one = await asks(lab, a);
    const two = await asks(twin, b);
    const waits = await inside(lab, one, b);
    lab.setServerClock(-1_000);
    const closes = await inside(twin, two, a);
    expect(fates([waits, closes])).toEqual(['RXB_DEADLOCK', 'waiting']);
    one.leave();
    await lab.idle();
    expect(closes.fate).toBe('held');
  });

  it('nobody tells the other for ever where both stay in spite of it', async () => {
    const problems: unknown[] = [];
    const [first, second] = [lab, twin].map(({ backend, clock }) =>
      createCoordinator({ backend, clock, deadlock: 'report', onError: (error) => problems.push(error) }),
    );
    const [one, two, three] = [ask(first!.open(a)), ask(second!.open(b)), ask(second!.open(c))];
    await lab.advance(1);
    // One victim in each process, and each search finds both.
    const waiting: Asked[] = [];
    for (const [coordinator, spec, { grant }] of [
      [first!, b, one],
      [second!, a, two],
      [second!, a, three],
      [first!, c, one],
    ] as const) {
      waiting.push(ask(coordinator.open(spec), { owner: grant }));
      await lab.advance(1);
    }
    await lab.advance(2_000);
    expect(new Set(fates(waiting))).toEqual(new Set(['waiting']));
    expect(problems).toHaveLength(2);
  });
});

describe('what it costs to look', () => {
  /** How many commands both processes send, connected as they are. */
  async function sent(work: () => Promise<unknown>): Promise<number> {
    await lab.idle();
    const before = lab.traffic.sent + twin.traffic.sent;
    await work();
    return lab.traffic.sent + twin.traffic.sent - before;
  }
  const settle = (one: Asked): Promise<void> => {
    one.leave();
    return lab.idle();
  };

  it('is nothing for who holds something and does not wait, and for who waits and holds nothing', async () => {
    const one = await asks(lab, a);
    const two = await asks(twin, b);
    await settle(await asks(lab, c));
    const free = sent(async () => settle(await inside(lab, one, c)));
    expect(await free).toBe(2);
    const alone = sent(async () => settle(await asks(lab, b)));
    expect(await alone).toBe(2);
    two.leave();
  });

  it('is a look at the gate, a question and an answer for who waits for somebody who does not wait', async () => {
    const one = await asks(lab, a);
    await asks(twin, b);
    expect(await sent(async () => settle(await inside(lab, one, b)))).toBe(2 + 3);
  });

  it('is the same for many who begin to wait in one turn', async () => {
    const one = await asks(lab, a);
    await asks(twin, b);
    const all: Asked[] = [];
    const many = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) all.push(ask(lab.open(b), { owner: one.grant }));
      await lab.idle();
    };
    expect(await sent(many)).toBeLessThan(100 + 3 * 10);
    expect(new Set(fates(all))).toEqual(new Set(['waiting']));
  });

  it('is shared by those who begin to wait while somebody is looked for', async () => {
    const one = await asks(lab, a);
    await asks(twin, b);
    const all: Asked[] = [];
    const queued = lab.coordinator.when('rxbaton.gate.queued');
    const many = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        const waits = firstValueFrom(queued);
        all.push(ask(lab.open(b), { owner: one.grant }));
        await waits;
      }
      await lab.idle();
    };
    // Each of them is asked for when the one before is answered, and a search takes several answers.
    expect(await sent(many)).toBeLessThan(50 + 3 * 30);
    expect(new Set(fates(all))).toEqual(new Set(['waiting']));
  });
});

describe('a process that cannot answer', () => {
  /** Nothing of what it is sent arrives, but it is not gone: like one that stands still. */
  it('has nobody who waits for ever until it does: then the last one is refused', async () => {
    const one = await asks(lab, a);
    const two = await asks(twin, b);
    const waits = await inside(lab, one, b);
    const deaf = [...lab.traffic.clients].filter((client) => client.listenerCount('message') > 0);
    const heard = deaf.map((client) => client.listeners('message'));
    for (const client of deaf) client.removeAllListeners('message');
    const closes = await inside(twin, two, a);
    expect(closes.fate).toBe('waiting');
    for (const [i, client] of deaf.entries()) for (const one of heard[i]!) client.on('message', one as () => void);
    await lab.advance(3_000);
    expect(fates([waits, closes])).toEqual(['waiting', 'RXB_DEADLOCK']);
  });

  it('looks again when it is connected again', async () => {
    const one = await asks(lab, a);
    const two = await asks(twin, b);
    const waits = await inside(lab, one, b);
    const clients = [...lab.traffic.clients];
    const own = clients.map(({ duplicate }) => duplicate);
    for (const client of clients) {
      client.duplicate = () => {
        throw new Error('Not now.');
      };
      client.disconnect();
    }
    const closes = ask(twin.open(a), { owner: two.grant });
    await twin.idle();
    expect(closes.fate).toBe('waiting');
    for (const [i, client] of clients.entries()) client.duplicate = own[i]!;
    await lab.advance(1_500);
    expect(fates([waits, closes])).toEqual(['waiting', 'RXB_DEADLOCK']);
  });
});

describe('the deadlock option in Redis', () => {
  const stuck = async (deadlock: 'report' | 'off') => {
    const problems: unknown[] = [];
    const { backend, clock } = lab;
    const coordinator = createCoordinator({ backend, clock, deadlock, onError: (error) => problems.push(error) });
    const all = ask(coordinator.open(a));
    const other = await asks(twin, b);
    const waits = ask(coordinator.open(b), { owner: all.grant });
    await lab.advance(1);
    const closes = await inside(twin, other, a);
    return { waits, closes, problems, coordinator };
  };

  it("'off' says nothing of its own requests, and others do not see them", async () => {
    const { waits, closes, problems } = await stuck('off');
    expect([fates([waits, closes]), problems]).toEqual([['waiting', 'waiting'], []]);
  });

  it.each([
    ['of a cycle', b],
    ['of a lock of its own', a],
  ])("'report' tells onError %s once, and lets the request wait", async (_what, wanted) => {
    const problems: CoordinationError[] = [];
    const { backend, clock } = lab;
    const coordinator = createCoordinator({
      backend,
      clock,
      deadlock: 'report',
      onError: (error) => problems.push(error as CoordinationError),
    });
    const other = await asks(twin, b);
    const one = ask(coordinator.open(a));
    await lab.advance(1);
    const waits = await inside(twin, other, a);
    const closes = follow(acquire(coordinator.open(wanted), { owner: one.grant }));
    const joint = follow(acquire(allOf(coordinator.open(wanted), coordinator.open(c)), { owner: one.grant }));
    // Who waits for several gates is looked for at each beat.
    await lab.advance(5_000);
    expect(fates([waits, closes, joint])).toEqual(['waiting', 'waiting', 'waiting']);
    expect(problems.map(({ code }) => code)).toEqual(['RXB_DEADLOCK', 'RXB_DEADLOCK']);
  });
});

describe('work of three processes that asks for gates inside of gates, whatever the schedule', () => {
  /** Tells stories in memory and in three processes; somebody has to be refused in some of them, or they are about nothing. */
  async function told(make: () => RedisLab, joint: boolean, count: number): Promise<void> {
    let refused = 0;
    const property = fc.asyncProperty(nestedStory(joint), async (story) => {
      const memory = memoryLab();
      const expected = await tell(story, [memory], () => memory.advance(1));
      await memory.close();
      const redis = make();
      const labs = [redis, redis.twin(), redis.twin()];
      const told = await tell(story, labs, () => redis.advance(1));
      await redis.close();
      expect(told).toEqual(expected);
      if (expected.at(-1)?.includes('RXB_DEADLOCK') === true) refused++;
    });
    const time = { interruptAfterTimeLimit: runs(45_000), markInterruptAsFailure: true };
    await fc.assert(property, { numRuns: runs(count), ...time });
    expect(refused).toBeGreaterThan(0);
  }

  it('is refused exactly where it would be in memory', () => told(() => redisLab(server.url), true, 60), runs(60_000));

  it(
    'is refused exactly where it would be in memory, in a cluster too, each gate in a slot of its own',
    async () => {
      const cluster = await startCluster();
      try {
        await told(() => redisLab(cluster), false, 20);
      } finally {
        await cluster.stop();
      }
    },
    runs(60_000),
  );
});
