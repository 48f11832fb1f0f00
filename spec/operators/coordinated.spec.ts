import { concat, NEVER, Observable, of, Subject, take, throwError, timer, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CallTimeoutError, ConfigError } from '../../lib/errors.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { within } from '../../lib/events/defaultCoordinator.ts';
import { marbles } from '../../lib/testing/marbles.ts';
import { coordinated } from '../../operators/coordinated.ts';
import { agents, type Agents } from '../support/agents.ts';

const inside = <R>({ kernel }: Agents, fn: () => R): R => within(kernel as never, fn);

describe('coordinated', () => {
  it(
    'holds its gates while the source runs, one subscription after the other',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const coordinator = createCoordinator();
      const source = cold('  -a-b--|      ');
      const sourceSubs = ['                    ^-----!      ', '                    ------^-----!'];
      const agent = new Observable((subscriber) =>
        within(coordinator, () => source.pipe(coordinated('agent', { lock: 'db' })).subscribe(subscriber)),
      );

      expectObservable(agent).toBe('-a-b--|      ');
      expectObservable(agent).toBe('-------a-b--|');
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
    }),
  );

  it('says how each subscription went, with the last value as its result', async () => {
    const world = agents();
    const seen: unknown[] = [];
    const error = new Error('no');
    inside(world, () => {
      of(1, 2)
        .pipe(coordinated('good'))
        .subscribe((value) => seen.push(value));
      throwError(() => error)
        .pipe(coordinated('bad'))
        .subscribe({ error: (reason: unknown) => seen.push(reason) });
      NEVER.pipe(coordinated('left')).subscribe().unsubscribe();
    });

    expect(seen).toEqual([1, 2, error]);
    expect(world.names()).toEqual(
      'good_started good_complete bad_started bad_failed left_started left_cancelled'.split(' '),
    );
    expect([world.data('good_started').args, world.data('good_complete').result]).toEqual([[], 2]);
  });

  it('collects the result and passes the values on', () => {
    const world = agents();
    const seen: unknown[] = [];
    inside(world, () =>
      of(1, 2)
        .pipe(coordinated('a', { collect: toArray() }))
        .subscribe((value) => seen.push(value)),
    );

    expect([seen, world.data('a_complete').result]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('leaves the queue, or gives the gates back, when unsubscribed', () => {
    const world = agents();
    const source = new Subject<number>();
    const [first, second] = inside(world, () => {
      const agent = source.pipe(coordinated('a', { lock: 'db' }));
      return [agent.subscribe(), agent.subscribe()];
    });
    second.unsubscribe();
    expect(world.gate('db')).toMatchObject({ holders: [{}], waiting: [] });
    first.unsubscribe();
    expect(world.gate('db').holders).toEqual([]);
    expect(source.observed).toBe(false);
  });

  it('stops a source that never pauses', () => {
    const world = agents();
    let sent = 0;
    const firehose = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(sent++);
    });
    inside(world, () => firehose.pipe(coordinated('a', { lock: 'db' }), take(3)).subscribe());

    expect([sent, world.gate('db').holders]).toEqual([3, []]);
  });

  it('tears the source down before the gates go back', () => {
    const world = agents();
    const holders: number[] = [];
    const source = new Observable<number>((subscriber) => {
      subscriber.complete();
      return () => holders.push(world.gate('db').holders.length);
    });
    inside(world, () => source.pipe(coordinated('a', { lock: 'db' })).subscribe());

    expect(holders).toEqual([1]);
  });

  it('subscribes to the source again with retry, under one call', async () => {
    const world = agents();
    const seen: unknown[] = [];
    const attempts: number[] = [];
    const source = new Observable<number>((subscriber) => {
      attempts.push(currentCall().attempt);
      return concat(of(attempts.length), attempts.length < 3 ? throwError(() => new Error('no')) : of()).subscribe(
        subscriber,
      );
    });
    inside(world, () => source.pipe(coordinated('a', { retry: 3 })).subscribe((value) => seen.push(value)));
    await world.clock.flush();

    expect([seen, attempts]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(world.names()).toEqual(['a_started', 'a_retrying', 'a_retrying', 'a_complete']);
  });

  it('ends a source that takes longer than its timeout', async () => {
    const world = agents();
    const errors: unknown[] = [];
    inside(world, () =>
      timer(50, world.clock)
        .pipe(coordinated('a', { timeout: 10 }))
        .subscribe({ error: (error: unknown) => errors.push(error) }),
    );
    await world.clock.flush();

    expect(errors).toEqual([expect.any(CallTimeoutError)]);
    expect(world.clock.now()).toBe(10);
  });

  it('refuses mistakes when it is made', () => {
    expect(() => coordinated('a', { lokc: 'db' } as never)).toThrow(ConfigError);
    expect(() => coordinated('a*')).toThrow(ConfigError);
  });
});
