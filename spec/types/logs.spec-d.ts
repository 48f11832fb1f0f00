import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  memoryLog,
  type AppendOptions,
  type Durability,
  type Effect,
  type EventLog,
  type Head,
  type MemoryLog,
  type Position,
  type Receipt,
  type Stored,
} from 'rxbaton';
import { logContract, type ContractCase, type LogLab } from 'rxbaton/testing';

type Step = { readonly name: 'begun'; readonly by: string } | { readonly name: 'done' };

describe('logs', () => {
  const log = memoryLog<Step>();

  it('give back what they take', () => {
    expectTypeOf(log).toEqualTypeOf<MemoryLog<Step>>();
    expectTypeOf(log).toExtend<EventLog<Step>>();
    expectTypeOf(log.handle()).toEqualTypeOf<MemoryLog<Step>>();
    expectTypeOf(log.read('s')).toEqualTypeOf<Observable<Stored<Step>>>();
    expectTypeOf(log.append('s', [{ name: 'done' }])).toEqualTypeOf<Promise<Receipt>>();
    expectTypeOf(log.head('s')).toEqualTypeOf<Promise<Head | null>>();
    expectTypeOf(memoryLog()).toEqualTypeOf<MemoryLog>();
    expectTypeOf(memoryLog().read('s')).toEqualTypeOf<Observable<Stored>>();
    // @ts-expect-error A step that was begun says by whom.
    void log.append('s', [{ name: 'begun' }]);
    // @ts-expect-error Events are a list.
    void log.append('s', { name: 'done' });
  });

  it('give positions that nobody makes up', () => {
    expectTypeOf<Stored['position']>().toEqualTypeOf<Position>();
    log.read('s', { from: 7, to: 9 });
    log.read('s', { from: 'start' });
    expectTypeOf<Receipt['position']>().toExtend<NonNullable<Parameters<typeof log.read>[1]>['from']>();
    // @ts-expect-error A string is no position.
    log.read('s', { from: '@7' });
    // @ts-expect-error The end of a range is a place, no word.
    log.read('s', { to: 'end' });
  });

  it('know their options', () => {
    expectTypeOf<AppendOptions['durability']>().toEqualTypeOf<Durability | undefined>();
    // @ts-expect-error There is no such option.
    void log.append('s', [], { expectSeq: 1 });
    // @ts-expect-error There is no such durability.
    void log.append('s', [], { durability: 'always' });
    // @ts-expect-error Who renews says with which token, who takes says null.
    void log.append('s', [], { effects: [{ op: 'lease', key: 'k', ttl: 1, owner: 'me' }] });
    // @ts-expect-error A removal says what it removes.
    void log.remove('s');
    // @ts-expect-error A question about what is due says how much of it.
    void log.due('i');
    // @ts-expect-error A trim says how far.
    void log.trim('s', { force: true });
    // @ts-expect-error There is no such option.
    memoryLog({ retention: 5 });
    expectTypeOf<Effect['op']>().toEqualTypeOf<'lease' | 'unlease' | 'schedule' | 'unschedule'>();
  });

  it('are read only: nobody changes what was said', () => {
    const stored = {} as Stored<Step>;
    // @ts-expect-error A seq stays.
    stored.seq = 1;
    const receipt = {} as Receipt;
    // @ts-expect-error Tokens stay.
    receipt.tokens['k'] = 1;
  });

  it('have a contract', () => {
    expectTypeOf(logContract).returns.toEqualTypeOf<readonly ContractCase[]>();
    expectTypeOf(logContract).parameter(0).toEqualTypeOf<() => LogLab | Promise<LogLab>>();
    // @ts-expect-error There is no such option.
    logContract(() => ({}) as LogLab, { restart: true });
  });
});
