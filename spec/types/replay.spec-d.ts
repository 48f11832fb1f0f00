import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  createCoordinator,
  deadLetters,
  memoryLog,
  replay,
  type CoordinatorEvent,
  type DeadLetter,
  type DeadLetters,
  type Position,
  type Redelivery,
} from 'rxbaton';
import { expectReplay, virtualTime } from 'rxbaton/testing';

describe('replay', () => {
  it('gives events, of the type that the recording is known to have', () => {
    expectTypeOf(replay(memoryLog())).toEqualTypeOf<Observable<CoordinatorEvent>>();
    type Paid = CoordinatorEvent<'paid', { amount: number }>;
    expectTypeOf(replay<Paid>(Promise.resolve(memoryLog()))).toEqualTypeOf<Observable<Paid>>();
  });

  it('takes marks of all kinds, and any coordinator', () => {
    const into = createCoordinator<{ paid: { amount: number } }>();
    replay(memoryLog(), { from: 1, to: new Date(), into });
    replay(memoryLog(), { from: '@5' as Position, to: { time: 5 }, speed: 'instant', into: createCoordinator() });
    replay(memoryLog(), { from: { time: new Date() }, names: ['a'], speed: 2.5, clock: virtualTime() });
    // @ts-expect-error a text is no position
    replay(memoryLog(), { from: 'start' });
    // @ts-expect-error no such speed
    replay(memoryLog(), { speed: 'fast' });
    // @ts-expect-error no such option
    replay(memoryLog(), { sped: 1 });
    // @ts-expect-error a log is no coordinator
    replay(memoryLog(), { into: {} });
    // @ts-expect-error a path is no log
    replay('run.jsonl');
  });
});

describe('expectReplay', () => {
  it('hands a coordinator and a clock to the setup, which comes last', () => {
    expectTypeOf(
      expectReplay(memoryLog(), ({ when }, clock) => {
        when('paid', (data) => {
          expectTypeOf(data).toBeAny();
        });
        expectTypeOf(clock.next).toEqualTypeOf<number>();
      }),
    ).toEqualTypeOf<Promise<void>>();
    void expectReplay([], { ignore: ['**.at'], order: 'total', causes: ['a'], names: ['b'], stream: 's' }, () => {});
    // @ts-expect-error no such order
    void expectReplay([], { order: 'none' }, () => {});
    // @ts-expect-error the setup is missing
    void expectReplay([], {});
  });
});

describe('dead letters', () => {
  it('are listed, replayed and discarded', () => {
    expectTypeOf(deadLetters()).toEqualTypeOf<DeadLetters>();
    const box = createCoordinator({ deadLetters: 5 }).deadLetters;
    expectTypeOf(box.list()).toEqualTypeOf<Promise<readonly DeadLetter[]>>();
    expectTypeOf(box.replay('all')).toEqualTypeOf<Promise<Redelivery>>();
    expectTypeOf(box.discard('id')).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error it must say which one
    void box.discard();
    // @ts-expect-error it is counted, not set
    box.dropped = 0;
    // @ts-expect-error how many is a number
    createCoordinator({ deadLetters: 'all' });
  });
});
