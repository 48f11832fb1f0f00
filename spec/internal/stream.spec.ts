import { map, Observable, of, Subject, Subscriber, Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Destination, Operation, Stream } from '../../lib/internal/stream.ts';
import { diagram } from '../support/diagram.ts';
import { unhandledErrors } from '../support/unhandled.ts';

const unhandled = unhandledErrors();

class Constant extends Stream<number> {
  started = 0;

  protected override start(destination: Destination<number>): Subscription {
    this.started++;
    const subscriber = new Subscriber<number>(destination as Subscriber<number>);
    return of(1, 2).subscribe(subscriber);
  }
}

class Broken extends Stream<number> {
  protected override start(): Subscription {
    throw new Error('broken');
  }
}

/** An operator that changes nothing. */
const same = (source: Observable<number>): Observable<number> =>
  new Operation<number, number>(source, (destination) => new Subscriber<number>(destination as Subscriber<number>));

describe('a stream', () => {
  it('is an Observable: cold, with operators, promises and interop', async () => {
    const stream = new Constant();
    expect(stream).toBeInstanceOf(Observable);
    expect(stream.started).toBe(0);
    const seen: number[] = [];
    stream.pipe(map((n) => n * 10)).subscribe((n) => seen.push(n));
    await stream.forEach((n) => seen.push(n));
    expect([seen, stream.started]).toEqual([[10, 20, 1, 2], 2]);
  });

  it('returns the Subscriber that it was given, so that operators can be chained to it', () => {
    const stream = new Constant();
    const subscriber = new Subscriber<number>();
    expect(stream.subscribe(subscriber)).toBe(subscriber);
    expect(subscriber.closed).toBe(true);
    expect(stream.subscribe(subscriber)).toBe(subscriber);
    expect(stream.started).toBe(1);
  });

  it('makes what goes wrong at its start an error of the stream', () => {
    const seen: unknown[] = [];
    const observer = { error: (error: unknown) => seen.push((error as Error).message) };
    expect(new Broken().subscribe(observer).closed).toBe(true);
    new Broken().pipe(map((n) => n)).subscribe(observer);
    expect(seen).toEqual(['broken', 'broken']);
  });
});

describe('an operation', () => {
  it('puts a subscriber of its own between the source and each consumer', () => {
    const source = new Subject<number>();
    const result = same(source);
    const seen: number[] = [];
    const first = result.subscribe((n) => seen.push(n));
    result.pipe(map((n) => n + 1)).subscribe((n) => seen.push(n));
    source.next(1);
    first.unsubscribe();
    source.next(2);
    source.complete();
    expect([seen, source.observed]).toEqual([[1, 2, 3], false]);
  });

  it(
    'is an error, and not an exception, where the source throws when it is subscribed to',
    diagram(() => {
      const source = new Observable<number>();
      source.subscribe = () => {
        throw new Error('at once');
      };
      const seen: unknown[] = [];
      same(source).subscribe({ error: (error: unknown) => seen.push((error as Error).message) });
      expect(seen).toEqual(['at once']);
    }),
  );

  it(
    'reports what the teardown of a source throws that has ended while it was subscribed to',
    diagram(({ flush }) => {
      const error = new Error('teardown');
      const source = new Observable<number>((subscriber) => {
        subscriber.complete();
        return () => {
          throw error;
        };
      });
      const seen: string[] = [];
      same(source).subscribe({ error: () => seen.push('error'), complete: () => seen.push('complete') });
      flush();
      expect([seen, unhandled]).toEqual([['complete'], [error]]);
    }),
  );
});
