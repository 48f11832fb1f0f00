import { Observable, of, reduce, toArray } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import { coordinate } from '../../lib/events/coordinate.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import type { Completed, ErrorData, EventHandle, Started } from '../../lib/events/event.ts';
import type { AgentEvents } from '../../lib/events/maps.ts';
import { when } from '../../lib/events/when.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { coordinated } from '../../operators/coordinated.ts';

describe('an async function', () => {
  it('stays itself: its arguments, its generics', () => {
    const research = coordinate(
      'researcher',
      { lock: 'openai_api' },
      async (topic: string, depth = 1) => topic.length * depth,
    );
    expectTypeOf(research('AI')).toEqualTypeOf<Promise<number>>();
    expectTypeOf(research).parameters.toEqualTypeOf<[topic: string, depth?: number | undefined]>();

    const same = coordinate('same', async <T>(value: T): Promise<T> => value);
    expectTypeOf(same(7 as const)).toEqualTypeOf<Promise<7>>();
  });

  it('stays itself: its overloads', () => {
    function load(id: number): Promise<Date>;
    function load(name: string): Promise<URL>;
    function load(_key: number | string): Promise<unknown> {
      return Promise.resolve();
    }
    const loads = coordinate('loader', { timeout: '5s' }, load);
    expectTypeOf(loads(1)).toEqualTypeOf<Promise<Date>>();
    expectTypeOf(loads('x')).toEqualTypeOf<Promise<URL>>();
  });

  it('stays itself: its this, and what else is on it', () => {
    const greet = coordinate('greeter', async function (this: { greeting: string }, name: string) {
      return this.greeting + name;
    });
    expectTypeOf(greet).thisParameter.toEqualTypeOf<{ greeting: string }>();
    expectTypeOf(
      coordinate(
        'a',
        Object.assign(async () => 1, { version: 2 }),
      ).version,
    ).toBeNumber();
  });

  it('loses what only its own kind of promise can do', () => {
    class Lazy<T> extends Promise<T> {
      cancel(): void {}
    }
    const lazy = coordinate('lazy', (n: number) => new Lazy<number>((resolve) => resolve(n)));
    expectTypeOf(lazy(1)).toEqualTypeOf<Promise<number>>();
  });
});

describe('a synchronous function', () => {
  it('becomes asynchronous', () => {
    expectTypeOf(coordinate('a', (n: number) => String(n))(1)).toEqualTypeOf<Promise<string>>();
    expectTypeOf(coordinate('a', (): number | Promise<string> => 1)()).toEqualTypeOf<Promise<number | string>>();
    const never = coordinate('a', () => {
      throw new Error('always');
    });
    expectTypeOf<ReturnType<typeof never>>().toEqualTypeOf<Promise<never>>();
  });
});

describe('a stream', () => {
  it('is observed as its values, and awaited as the last of them', () => {
    async function* letters(_text: string): AsyncGenerator<'a' | 'b'> {
      yield 'a';
    }
    const streams = [
      coordinate('a', (_text: string) => of('a' as 'a' | 'b')),
      coordinate('a', letters),
      coordinate('a', async (text: string) => letters(text)),
      coordinate('a', async (_text: string) => of('a' as 'a' | 'b')),
    ] as const;
    for (const stream of streams) {
      expectTypeOf(stream.observe('x')).toEqualTypeOf<Observable<'a' | 'b'>>();
      expectTypeOf(stream('x')).toEqualTypeOf<Promise<'a' | 'b' | undefined>>();
      when(stream.complete, ({ result }) => {
        expectTypeOf(result).toEqualTypeOf<'a' | 'b' | undefined>();
      });
    }
  });

  it('is awaited as what collect makes of it', () => {
    const chat = (_prompt: string): Observable<{ delta: string }> => of({ delta: 'x' });
    const text = coordinate('a', { collect: reduce((all, { delta }) => all + delta, '') }, chat);
    expectTypeOf(text('hi')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(text.observe('hi')).toEqualTypeOf<Observable<{ delta: string }>>();
    expectTypeOf(text.complete).toEqualTypeOf<EventHandle<Completed<string>>>();
    expectTypeOf(coordinate('a', { collect: toArray() }, chat)('hi')).toEqualTypeOf<Promise<{ delta: string }[]>>();

    // @ts-expect-error it gets what the stream emits
    coordinate('a', { collect: reduce((sum: number, value: number) => sum + value, 0) }, chat);
  });
});

describe('handles', () => {
  const research = coordinate('researcher', { retry: 3 }, async (topic: string, depth?: number) => ({ topic, depth }));

  it('know what their events carry', () => {
    expectTypeOf(research.started).toEqualTypeOf<EventHandle<Started<[topic: string, depth?: number | undefined]>>>();
    when(research.complete, ({ result, duration, waited, timestamp }, event) => {
      expectTypeOf(result).toEqualTypeOf<{ topic: string; depth: number | undefined }>();
      expectTypeOf([duration, waited, timestamp]).toEqualTypeOf<number[]>();
      expectTypeOf(event.runId).toEqualTypeOf<string | undefined>();
    });
    when(research.failed, ({ error }) => {
      expectTypeOf(error).toEqualTypeOf<ErrorData>();
    });
    when(research.cancelled, ({ reason }) => {
      expectTypeOf(reason).toEqualTypeOf<ErrorData>();
    });
    // @ts-expect-error a failure has no result
    when(research.failed, ({ result }) => result);
    expectTypeOf(research.observe('AI')).toEqualTypeOf<Observable<{ topic: string; depth: number | undefined }>>();
    // @ts-expect-error the arguments are checked
    research.observe(1);
  });

  it('are what an AgentMap needs', () => {
    type Events = AgentEvents<{ researcher: typeof research }>;
    expectTypeOf<Events['researcher_complete']>().toEqualTypeOf<
      Completed<{ topic: string; depth: number | undefined }>
    >();
    expectTypeOf<Events['researcher_started']['args']>().toEqualTypeOf<[topic: string, depth?: number | undefined]>();
    const streams = coordinate('s', () => of(1));
    expectTypeOf<AgentEvents<{ s: typeof streams }>['s_complete']['result']>().toEqualTypeOf<number | undefined>();
  });

  it('are there in a coordinator too', () => {
    const { coordinate, when } = createCoordinator<{ data_ready: { id: string } }>();
    const agent = coordinate('agent', async () => 7);
    when(agent.complete, ({ result }) => {
      expectTypeOf(result).toBeNumber();
    });
  });
});

describe('options', () => {
  it('see the arguments', () => {
    coordinate(
      'a',
      {
        lock: (customer, amount) => {
          expectTypeOf(customer).toBeString();
          expectTypeOf(amount).toBeNumber();
          return [mutex(`customer:${customer}`), 'ledger'];
        },
        limits: rateLimiter('bank', { limit: 10, per: '1s' }),
        signal: (_customer, _amount, options) => options?.signal,
        timeout: '30s',
      },
      async (_customer: string, _amount: number, _options?: { signal?: AbortSignal }) => {},
    );
  });

  it('that do not exist or do not fit are refused', () => {
    const work = async (_id: string): Promise<void> => {};
    // @ts-expect-error a typing error
    coordinate('a', { lokc: 'db' }, work);
    // @ts-expect-error an id is a string
    coordinate('a', { lock: (id: number) => `x${id}` }, work);
    // @ts-expect-error a number is no gate
    coordinate('a', { lock: 7 }, work);
    // @ts-expect-error no such unit
    coordinate('a', { timeout: '5 sec' }, work);
    // @ts-expect-error no such option of retry
    coordinate('a', { retry: { attempts: 2, tries: 3 } }, work);
    // @ts-expect-error there is no stream to collect
    coordinate('a', { collect: toArray<number>() }, work);
    // @ts-expect-error the options come first
    coordinate('a', work, {});
    // @ts-expect-error no function
    coordinate('a', {}, 'work');
  });
});

describe('decorators', () => {
  it('take methods that return promises, and keep their types', () => {
    class Desk {
      @coordinate('researcher', { lock: (topic: string) => `topic:${topic}` })
      async research<T>(topic: string, more: T): Promise<[string, T]> {
        return [topic, more];
      }

      @coordinate('writer')
      async write(): Promise<void> {}

      @when.method('note_taken')
      note(_data: { text: string }): void {}
    }
    expectTypeOf(new Desk().research('x', 1)).toEqualTypeOf<Promise<[string, number]>>();
  });

  it('refuse what they would change the type of, and options that do not fit', () => {
    class Wrong {
      // @ts-expect-error it would become asynchronous
      @coordinate('a')
      synchronous(): number {
        return 1;
      }

      // @ts-expect-error its promise would bring the last value
      @coordinate('a')
      async streams(): Promise<Observable<number>> {
        return of(1);
      }

      // @ts-expect-error the lock wants a number
      @coordinate('a', { lock: (id: number) => `x${id}` })
      async other(_id: string): Promise<void> {}

      // @ts-expect-error no such option
      @coordinate('a', { lokc: 'db' })
      async misspelt(): Promise<void> {}
    }
    expectTypeOf<Wrong>().toBeObject();
  });
});

describe('the rest', () => {
  it('currentCall is there in a call', () => {
    expectTypeOf(currentCall().fences).toEqualTypeOf<Readonly<Record<string, number>>>();
  });

  it('coordinated keeps the type of the stream', () => {
    expectTypeOf(of(1).pipe(coordinated('a', { lock: 'db', collect: toArray() }))).toEqualTypeOf<Observable<number>>();
    // @ts-expect-error no such option
    of(1).pipe(coordinated('a', { lokc: 'db' }));
  });
});
