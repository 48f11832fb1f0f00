import { from, type Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  configure,
  createCoordinator,
  memoryLog,
  persist,
  secret,
  when,
  type PersistDropped,
  type PersistFailed,
  type Persistence,
  type Secret,
} from 'rxbaton';
import { persistTo } from 'rxbaton/operators';

const log = memoryLog();
const coordinator = createCoordinator<{ paid: { id: number } }>();

describe('persist', () => {
  it('takes any coordinator, and a log or the promise of one', () => {
    expectTypeOf(persist(coordinator, log)).toEqualTypeOf<Persistence>();
    persist(coordinator, Promise.resolve(log), { names: ['paid', /x/, ({ name }) => name === 'a'] });
    createCoordinator({ log });
    configure({ log: Promise.resolve(log) });
    // @ts-expect-error no coordinator
    persist({}, log);
    // @ts-expect-error this is no log
    persist(coordinator, {});
    // @ts-expect-error a misspelt option
    persist(coordinator, log, { name: 'paid' });
    // @ts-expect-error no such policy
    persist(coordinator, log, { overflow: 'block' });
    // @ts-expect-error no such durability
    persist(coordinator, log, { durability: 'disk' });
    // @ts-expect-error paths are texts
    persist(coordinator, log, { redact: [/password/] });
  });

  it('says how far it is', () => {
    const { kept, lost, pending, stop } = persist(coordinator, log);
    expectTypeOf([kept, lost, pending]).toEqualTypeOf<number[]>();
    expectTypeOf(stop).returns.toEqualTypeOf<Promise<void>>();
    // @ts-expect-error nobody else counts
    persist(coordinator, log).kept = 1;
    using persistence = persist(coordinator, log);
    expectTypeOf(persistence.closed).toEqualTypeOf<boolean>();
  });

  it('tells of failures with types', () => {
    when('rxbaton.persist_failed', (data) => {
      expectTypeOf(data).toEqualTypeOf<PersistFailed>();
    });
    when('rxbaton.persist_dropped', ({ policy }) => {
      expectTypeOf(policy).toEqualTypeOf<PersistDropped['policy']>();
    });
  });
});

describe('persistTo', () => {
  it('keeps the type of the source', () => {
    expectTypeOf(from([1]).pipe(persistTo(log, { stream: 's' }))).toEqualTypeOf<Observable<number>>();
    // @ts-expect-error a stream is needed
    persistTo(log, {});
    // @ts-expect-error a stream is needed
    persistTo(log);
    // @ts-expect-error that is of persist
    persistTo(log, { stream: 's', redact: [] });
  });
});

describe('secret', () => {
  it('is not its value', () => {
    const key = secret('k');
    expectTypeOf(key).toEqualTypeOf<Secret<string>>();
    expectTypeOf(key.reveal()).toEqualTypeOf<string>();
    // @ts-expect-error reveal() it
    expectTypeOf(key.length);
    // @ts-expect-error reveal() it
    const text: string = key;
  });
});
