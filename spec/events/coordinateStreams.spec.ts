import {
  concat,
  EmptyError,
  EMPTY,
  filter,
  from,
  NEVER,
  Observable,
  of,
  reduce,
  Subject,
  take,
  throwError,
  timer,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AbortedError, CallTimeoutError } from '../../lib/errors.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import { agents, outcomeOf } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

async function* letters(text: string): AsyncGenerator<string> {
  for (const letter of text) {
    await Promise.resolve();
    yield letter;
  }
}

const sources: [string, (text: string) => unknown][] = [
  ['an Observable', (text) => from(text)],
  ['a promise of an Observable', async (text) => from(text)],
  ['an async generator', letters],
  ['a promise of an AsyncIterable', async (text) => ({ [Symbol.asyncIterator]: () => letters(text) })],
  [
    'a ReadableStream',
    (text) =>
      new ReadableStream({
        start: (c) => {
          for (const x of text) c.enqueue(x);
          c.close();
        },
      }),
  ],
];

describe.each(sources)('%s', (_what, source) => {
  it('is the work: its gates are held until it ends, and its last value is the result', async () => {
    const { coordinate, names, data, gate } = agents();
    const held: number[] = [];
    const stream = coordinate('a', { lock: 'db' }, source as (text: string) => Observable<string>);
    await stream.observe('abc').forEach(() => held.push(gate('db').holders.length));

    expect(held).toEqual([1, 1, 1]);
    expect(gate('db').holders).toEqual([]);
    expect(names()).toEqual(['a_started', 'a_complete']);
    expect(data('a_complete').result).toBe('c');
    expect(await stream('xyz')).toBe('z');
  });

  it('may be collected', async () => {
    const { coordinate, data } = agents();
    const stream = coordinate('a', { collect: toArray() }, source as (text: string) => Observable<string>);
    const seen: string[] = [];
    await stream.observe('abc').forEach((letter) => seen.push(letter));

    expect(seen).toEqual(['a', 'b', 'c']);
    expect(data('a_complete').result).toEqual(['a', 'b', 'c']);
    expect(await stream('')).toEqual([]);
  });

  it('may be empty', async () => {
    const { coordinate, data } = agents();
    const stream = coordinate('a', source as (text: string) => Observable<string>);
    const seen: unknown[] = [];
    await stream.observe('').forEach((letter) => seen.push(letter));

    expect(seen).toEqual([]);
    expect(data('a_complete')).toHaveProperty('result', undefined);
    expect(await stream('')).toBeUndefined();
  });
});

describe('a stream', () => {
  it('that fails fails the call, after what it brought', async () => {
    const { coordinate, names, gate } = agents();
    const error = new Error('broken');
    const seen: unknown[] = [];
    const works = [
      coordinate('a', { lock: 'db' }, () =>
        concat(
          of(1),
          throwError(() => error),
        ),
      ),
      coordinate('a', { lock: 'db' }, async function* () {
        yield 1;
        throw error;
      }),
    ];
    for (const work of works) {
      await work
        .observe()
        .forEach((value) => seen.push(value))
        .catch((reason: unknown) => seen.push(reason));
      await expect(work()).rejects.toBe(error);
    }

    expect(seen).toEqual([1, error, 1, error]);
    expect(names().filter((name) => name === 'a_failed')).toHaveLength(4);
    expect(gate('db').holders).toEqual([]);
  });

  it('is torn down before its gates go back, also where it ends while it is subscribed to', () => {
    const { coordinate, gate } = agents();
    const holders: number[] = [];
    const teardown = (): void => void holders.push(gate('db').holders.length);
    const sync = new Observable<number>((subscriber) => {
      subscriber.complete();
      return teardown;
    });
    const endless = new Observable<number>(() => teardown);
    coordinate('a', { lock: 'db' }, () => sync)
      .observe()
      .subscribe();
    coordinate('b', { lock: 'db' }, () => endless)
      .observe()
      .subscribe()
      .unsubscribe();

    expect(holders).toEqual([1, 1]);
    expect(gate('db').holders).toEqual([]);
  });

  it('is unsubscribed when its call is cancelled, which frees the lock at once', async () => {
    const { coordinate, names, gate } = agents();
    const abort = new AbortController();
    const source = new Subject<number>();
    const call = coordinate('a', { lock: 'db', signal: abort.signal }, () => source)();
    expect([source.observed, gate('db').holders.length]).toEqual([true, 1]);
    abort.abort();

    expect([source.observed, gate('db').holders.length]).toEqual([false, 0]);
    expect(names()).toEqual(['a_started', 'a_cancelled']);
    await expect(call).rejects.toThrow(AbortedError);
  });

  it('does not end before its timeout has told it to', async () => {
    const { coordinate, clock, gate } = agents();
    const outcome = outcomeOf(coordinate('a', { lock: 'db', timeout: 10 }, () => NEVER)());
    await clock.advance(10);

    expect(outcome.now).toBeInstanceOf(CallTimeoutError);
    expect(gate('db').holders).toEqual([]);
  });

  it('is not heard any more once it was told to stop, whatever it answers', async () => {
    const { coordinate, clock } = agents();
    const work = coordinate(
      'a',
      { timeout: 10, retry: { attempts: 2, delay: 0 } },
      () =>
        new Observable<string>((subscriber) => {
          const { attempt, signal } = currentCall();
          if (attempt === 2) subscriber.complete();
          signal.addEventListener('abort', () => {
            subscriber.next('last words');
          });
        }),
    );
    const seen: string[] = [];
    const observed = work.observe().forEach((value) => seen.push(value));
    await clock.flush();
    await observed;

    expect(seen).toEqual([]);
  });

  it('starts anew with each attempt', async () => {
    const { coordinate, clock } = agents();
    let calls = 0;
    const work = coordinate('a', { retry: 2, collect: toArray() }, () =>
      ++calls === 1
        ? concat(
            of('lost'),
            throwError(() => new Error('no')),
          )
        : of('kept'),
    );
    const seen: string[] = [];
    const observed = work.observe().forEach((value) => seen.push(value));
    await clock.flush();
    await observed;
    calls = 0;
    const call = work();
    await clock.flush();

    expect([seen, await call]).toEqual([['lost', 'kept'], ['kept']]);
  });

  it('runs as the work of its call, also in its later parts', async () => {
    const { coordinate } = agents();
    const works = [
      coordinate('a', async function* () {
        yield currentCall().name;
        await Promise.resolve();
        yield currentCall().name;
      }),
      coordinate(
        'a',
        () =>
          new Observable<string>((subscriber) => {
            void Promise.resolve().then(() => {
              subscriber.next(currentCall().name);
              subscriber.complete();
            });
          }),
      ),
    ];

    for (const work of works) expect(await work()).toBe('a');
  });

  it('that came when its call was cancelled already is never begun, but closed', async () => {
    const { coordinate, clock, names } = agents();
    const log: string[] = [];
    const iterable = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: log.push('next') }),
        return: async () => ({ done: true, value: log.push('return') }),
      }),
    };
    const observable = new Observable<number>(() => void log.push('subscribed'));
    for (const late of [iterable, observable]) {
      const work = deferred<AsyncIterable<number> | Observable<number>>();
      coordinate('a', { lock: 'db' }, () => work.promise)
        .observe()
        .subscribe()
        .unsubscribe();
      work.resolve(late);
      await clock.advance(0);
    }

    expect(log).toEqual(['return']);
    expect(names()).toEqual(['a_started', 'a_cancelled', 'a_started', 'a_cancelled']);
  });
});

describe('an AsyncIterable', () => {
  it('is asked for one value after the other, and closed when its consumer leaves', async () => {
    const { coordinate, clock, names, gate } = agents();
    const log: string[] = [];
    const work = coordinate('a', { lock: 'db' }, async function* () {
      try {
        for (let i = 0; ; i++) {
          log.push(`make ${i}`);
          yield i;
        }
      } finally {
        log.push(`closed, ${gate('db').holders.length} holder`);
      }
    });
    work
      .observe()
      .pipe(take(2))
      .subscribe((value) => log.push(`take ${value}`));
    await clock.advance(0);

    expect(log).toEqual(['make 0', 'take 0', 'make 1', 'take 1', 'closed, 1 holder']);
    expect(names()).toEqual(['a_started', 'a_cancelled']);
    expect(gate('db').holders).toEqual([]);
  });

  it('that hangs keeps the lock until it answers', async () => {
    const { coordinate, clock, gate } = agents();
    const hanging = deferred();
    const work = coordinate('a', { lock: 'db' }, async function* () {
      await hanging.promise;
      yield 1;
    });
    work.observe().subscribe().unsubscribe();
    await clock.advance(0);
    expect(gate('db').holders).toHaveLength(1);
    hanging.resolve();
    await clock.advance(0);
    expect(gate('db').holders).toHaveLength(0);
  });

  it('that cannot be closed keeps the lock until it has answered its last question', async () => {
    const { coordinate, clock, gate } = agents();
    const answer = deferred<IteratorResult<number>>();
    let asked = 0;
    const work = coordinate('a', { lock: 'db' }, () => ({
      [Symbol.asyncIterator]: () => ({ next: () => (asked++, answer.promise) }),
    }));
    work.observe().subscribe().unsubscribe();
    await clock.advance(0);
    expect(gate('db').holders).toHaveLength(1);
    answer.resolve({ done: false, value: 1 });
    await clock.advance(0);
    expect([gate('db').holders.length, asked]).toEqual([0, 1]);
  });

  it.each(['next', 'return', Symbol.asyncIterator] as const)(
    'whose %s throws ends its call all the same',
    async (part) => {
      const { coordinate, clock, names, gate } = agents();
      const fails = (): never => {
        throw new Error('no');
      };
      const iterator = {
        next: async () => ({ done: false, value: 1 }),
        return: async () => ({ done: true, value: 1 }),
      };
      const iterable = {
        [Symbol.asyncIterator]: part === Symbol.asyncIterator ? fails : () => ({ ...iterator, [part]: fails }),
      } as unknown as AsyncIterable<number>;
      coordinate('a', { lock: 'db' }, () => iterable)
        .observe()
        .pipe(take(1))
        .subscribe({ error: () => {} });
      await clock.advance(0);

      expect(names()).toEqual(['a_started', part === 'return' ? 'a_cancelled' : 'a_failed']);
      expect(gate('db').holders).toEqual([]);
    },
  );

  it('that answers nonsense fails, and gives the lock back', async () => {
    const { coordinate, gate } = agents();
    const iterable = { [Symbol.asyncIterator]: () => ({ next: () => undefined }) } as unknown as AsyncIterable<number>;

    await expect(coordinate('a', { lock: 'db' }, () => iterable)()).rejects.toThrow('answered undefined instead of');
    expect(gate('db').holders).toEqual([]);
  });
});

describe('collect', () => {
  it('begins anew for each call', async () => {
    const { coordinate } = agents();
    const join = coordinate('a', { collect: reduce((text, letter) => text + letter, '>') }, letters);

    expect([await join('ab'), await join('cd')]).toEqual(['>ab', '>cd']);
  });

  it('that needs no more ends the stream', async () => {
    const { coordinate, names } = agents();
    const source = new Subject<number>();
    const work = coordinate('a', { collect: take(2) }, () => source);
    const call = work();
    source.next(1);
    source.next(2);

    expect([source.observed, await call, names()]).toEqual([false, 2, ['a_started', 'a_complete']]);
  });

  it('that needs nothing does not begin it', async () => {
    const { coordinate } = agents();
    let begun = false;
    const work = coordinate(
      'a',
      { collect: () => of('nothing') },
      () => new Observable<number>(() => void (begun = true)),
    );

    expect([await work(), begun]).toEqual(['nothing', false]);
  });

  it('that finds nothing fails the call', async () => {
    const { coordinate } = agents();
    await expect(coordinate('a', { collect: filter(() => false) }, () => of(1))()).rejects.toThrow(EmptyError);
  });

  it('that fails stops the stream and fails the call', async () => {
    const { coordinate } = agents();
    const error = new Error('cannot fold');
    const source = new Subject<number>();
    const fold = reduce(() => {
      throw error;
    }, 0);
    const call = coordinate('a', { collect: fold }, () => source)();
    source.next(1);

    await expect(call).rejects.toBe(error);
    expect(source.observed).toBe(false);
  });

  it('may take longer than the stream, and is dropped when the call is cancelled', async () => {
    const { coordinate, clock, gate } = agents();
    const slow = coordinate('a', { lock: 'db', collect: () => timer(10, clock) }, () => EMPTY);
    const outcome = outcomeOf(slow());
    await clock.advance(9);
    expect([outcome.now, gate('db').holders.length]).toEqual(['pending', 1]);
    await clock.advance(1);
    expect([outcome.now, gate('db').holders.length]).toEqual([0, 0]);

    slow.observe().subscribe().unsubscribe();
    expect([clock.pending, gate('db').holders.length]).toEqual([0, 0]);
  });

  it('leaves results that are no stream alone', async () => {
    const { coordinate } = agents();
    expect(await coordinate('a', { collect: toArray() as never }, async () => 'plain')()).toBe('plain');
  });
});
