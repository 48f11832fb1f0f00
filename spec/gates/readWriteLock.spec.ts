import { describe, expect, it } from 'vitest';
import { of } from 'rxjs';
import { acquire, allOf, define, mutex, readWriteLock, run, type LeaseOptions } from 'rxbaton';
import { exclusive, withLock } from 'rxbaton/operators';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const { read, write } = readWriteLock('doc');

describe('readWriteLock', () => {
  it('is two descriptions of one lock, which are plain data', () => {
    expect(JSON.parse(JSON.stringify(readWriteLock('doc', { ttl: '1s', renew: false })))).toEqual({
      name: 'doc',
      read: { kind: 'readWriteLock', name: 'doc', ttl: 1_000, renew: false, mode: 'read' },
      write: { kind: 'readWriteLock', name: 'doc', ttl: 1_000, renew: false, mode: 'write' },
    });
  });

  it('refuses options that make no sense', async () => {
    const wrong = async (name: unknown, options?: unknown): Promise<string> =>
      (await errorOf(() => readWriteLock(name as string, options as LeaseOptions))).message;
    expect(await wrong('')).toContain('The name of a readWriteLock must be a non-empty string');
    expect(await wrong('doc', { permits: 2 })).toContain("readWriteLock('doc') has no option 'permits'");
    expect(await wrong('doc', { ttl: 0 })).toContain("readWriteLock('doc').ttl must be a positive duration");
    expect(await wrong('doc', { renew: true })).toContain("readWriteLock('doc').ttl must be given where renew is");
    expect(() => acquire(read, { cost: 2 })).toThrow(/cost must be left out where somebody reads/);
    expect(() => allOf({ gate: read, cost: 2 })).toThrow(/cost must be left out where somebody reads/);
  });

  it('goes wherever a gate goes, each way in', async () => {
    const { open, within, state, ask } = gateWorld();
    const seen: unknown[] = [];
    const look = (): void => void seen.push(state(write).holders.map(({ mode }) => mode));
    within(() => {
      of(1).pipe(withLock(read)).subscribe(look);
      of(1)
        .pipe(withLock(open(write)))
        .subscribe(look);
      of(1)
        .pipe(
          exclusive(open(read), () => {
            look();
            return of(1);
          }),
        )
        .subscribe();
    });
    await within(() => run(allOf(read, mutex('other')), look));
    expect(seen).toEqual([['read'], ['write'], ['read'], ['read']]);
    expect([ask(read).fate, ask(open(read)).fate, ask(write).fate]).toEqual(['held', 'held', 'waiting']);
  });

  it('means writing by its bare name, live and defined', () => {
    const { ask, within, state } = gateWorld();
    within(() => define(read));
    const [a, b] = [ask('doc'), ask(read)];
    expect([a.fate, b.fate, state('doc').holders[0]?.mode]).toEqual(['held', 'waiting', 'write']);
  });

  it('is one with other settings a conflict, and with the same none, whichever way in', async () => {
    const { ask } = gateWorld();
    ask(read);
    expect(ask(readWriteLock('doc', { ttl: '1s' }).read).fate).toBe('RXB_SPEC_CONFLICT');
    expect(ask(mutex('doc')).fate).toBe('RXB_SPEC_CONFLICT');
    expect(ask(readWriteLock('doc').read).fate).toBe('held');
  });

  it('ends what is read when its ttl lapses, and lets the writer in', async () => {
    const { ask, clock } = gateWorld();
    const lock = readWriteLock('leased', { ttl: 10, renew: false });
    const [a, b, c] = [ask(lock.read), ask(lock.read), ask(lock.write)];
    await clock.advance(5);
    await a.grant.extend(10);
    await clock.advance(5);
    expect([a.fate, b.fate, c.fate]).toEqual(['held', 'RXB_LEASE_LOST', 'waiting']);
    await clock.advance(5);
    expect([a.fate, c.fate]).toEqual(['RXB_LEASE_LOST', 'held']);
    expect(c.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
  });

  it('keeps what is read while its work runs, with renewal', async () => {
    const { ask, clock } = gateWorld();
    const a = ask(readWriteLock('kept', { ttl: 10 }).read);
    await clock.advance(1_000);
    expect(a.fate).toBe('held');
  });

  it('puts an urgent writer before other writers, and leaves no turn out', () => {
    const { ask } = gateWorld();
    const first = ask(write);
    const [a, r, urgent] = [ask(write), ask(read), ask(write, { priority: 1 })];
    first.leave();
    expect([a.fate, r.fate, urgent.fate]).toEqual(['waiting', 'waiting', 'held']);
    urgent.leave();
    expect([a.fate, r.fate]).toEqual(['waiting', 'held']);
    r.leave();
    expect(a.fate).toBe('held');
  });

  it('lets nobody read who came while a writer waits, not even with a try', () => {
    const { ask } = gateWorld();
    ask(read);
    const writer = ask(write);
    expect([ask(read, { timeout: 0 }).fate, ask(write, { timeout: 0 }).fate]).toEqual(['RXB_BUSY', 'RXB_BUSY']);
    writer.leave();
    expect(ask(read, { timeout: 0 }).fate).toBe('held');
  });

  it('finds two who read and want what the other writes', async () => {
    const { within } = gateWorld();
    const [one, two] = [readWriteLock('one'), readWriteLock('two')];
    const first = deferred();
    const results = await within(() =>
      Promise.allSettled([
        run(one.read, async () => {
          await first.promise;
          return run(two.write, () => 'done');
        }),
        run(two.read, () => {
          first.resolve();
          return run(one.write, () => 'done');
        }),
      ]),
    );
    const codes = results.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'done'));
    expect([...codes].sort()).toEqual(['RXB_DEADLOCK', 'done']);
  });

  it('refuses work that reads and wants to write, and names who and what', async () => {
    const { within } = gateWorld();
    const upgrade = within(() => run(read, () => run(write, () => 'done')));
    const error = await errorOf(upgrade);
    expect(error).toMatchObject({ code: 'RXB_DEADLOCK', details: { gate: 'doc', cycle: [{ gate: 'doc' }] } });
    expect(error.message).toContain('reads doc and would wait for itself to write. Take .write from the start');
    // A try does not wait.
    expect((await errorOf(within(() => run(read, () => run(write, { timeout: 0 }, () => 'done'))))).code).toBe(
      'RXB_BUSY',
    );
  });

  it('says in its activity who reads and who writes', () => {
    const { ask, activity } = gateWorld();
    const seen = activity();
    ask(read, { label: 'ada' });
    ask(write, { label: 'bob' });
    expect(seen.map(({ action, who, mode }) => [action, who, mode])).toEqual([
      ['granted', 'ada', 'read'],
      ['queued', 'bob', 'write'],
    ]);
  });

  it('is forgotten when nobody is inside', () => {
    const { ask, state } = gateWorld();
    for (let i = 0; i < 1_000; i++) ask(readWriteLock(`doc ${i}`).read).leave();
    expect(state(write).available).toBe(1);
    expect(ask(readWriteLock('doc 5', { ttl: '1s' }).write).fate).toBe('held');
  });
});
