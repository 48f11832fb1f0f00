import type { Observable, OperatorFunction } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  createCoordinator,
  emit,
  when,
  type CoordinatorEvent,
  type Emit,
  type ErrorData,
  type EventHandle,
  type HandlerFailed,
  type HandlerSubscription,
  type When,
} from 'rxbaton';
import { ofName } from 'rxbaton/operators';

declare const specResearcher: (topic: string, depth?: number) => Promise<{ title: string }>;
declare module 'rxbaton' {
  interface EventMap {
    spec_data_ready: { dataset: string };
    spec_nothing: undefined;
  }
  interface AgentMap {
    spec_researcher: typeof specResearcher;
  }
}

interface Events {
  data_ready: { dataset: number[] };
  data_rejected: { why: string };
  done: undefined;
}

describe('registered names', () => {
  it('type data and event', () => {
    when('spec_data_ready', (data, event) => {
      expectTypeOf(data).toEqualTypeOf<{ dataset: string }>();
      expectTypeOf(event).toEqualTypeOf<CoordinatorEvent<'spec_data_ready', { dataset: string }>>();
    });
    expectTypeOf(when('spec_data_ready')).toEqualTypeOf<
      Observable<CoordinatorEvent<'spec_data_ready', { dataset: string }>>
    >();
    expectTypeOf(when('spec_data_ready', () => {})).toEqualTypeOf<HandlerSubscription>();
  });

  it('refuse data of another type, and data that is left out', () => {
    emit('spec_data_ready', { dataset: 'x' }, { sender: 'me' });
    emit('spec_nothing');
    // @ts-expect-error a number is no dataset
    emit('spec_data_ready', { dataset: 1 });
    // @ts-expect-error the data is missing
    emit('spec_data_ready');
    // @ts-expect-error no such option
    emit('spec_nothing', undefined, { sendr: 'me' });
  });

  it('include those of registered agents', () => {
    when('spec_researcher_started', ({ args }) => {
      expectTypeOf(args).toEqualTypeOf<Parameters<typeof specResearcher>>();
    });
    when('spec_researcher_complete', ({ result, duration }) => {
      expectTypeOf(result).toEqualTypeOf<{ title: string }>();
      expectTypeOf(duration).toEqualTypeOf<number>();
    });
    when('spec_researcher_failed', ({ error }) => {
      expectTypeOf(error).toEqualTypeOf<ErrorData>();
    });
    when('spec_researcher_cancelled', ({ reason }) => {
      expectTypeOf(reason).toEqualTypeOf<ErrorData>();
    });
    when('spec_researcher_retrying', ({ attempt }) => {
      expectTypeOf(attempt).toEqualTypeOf<number>();
    });
  });

  it('include those of the library', () => {
    when('rxbaton.handler_failed', (data) => {
      expectTypeOf(data).toEqualTypeOf<HandlerFailed>();
    });
    when('rxbaton.gate.*', ({ gate }) => {
      expectTypeOf(gate).toEqualTypeOf<string>();
    });
  });

  it('leave the others free: they carry any', () => {
    when('unregistered', (data) => {
      expectTypeOf(data).toBeAny();
    });
    when('*_failed', (data) => {
      expectTypeOf(data).toBeAny();
    });
    when(/x/, (data) => {
      expectTypeOf(data).toBeAny();
    });
    when(
      (event) => event.seq > 1,
      (data) => {
        expectTypeOf(data).toBeAny();
      },
    );
    emit('unregistered', 5);
    emit('unregistered');
    const name: string = 'computed';
    emit(name, 5);
    when(name, (data) => {
      expectTypeOf(data).toBeAny();
    });
  });
});

describe('handles', () => {
  it('type the data by themselves', () => {
    const complete: EventHandle<{ result: number }> = { event: 'x_complete' };
    when(complete, ({ result }) => {
      expectTypeOf(result).toEqualTypeOf<number>();
    });
    expectTypeOf(when(complete)).toEqualTypeOf<Observable<CoordinatorEvent<string, { result: number }>>>();
    createCoordinator<Events>().when(complete, ({ result }) => {
      expectTypeOf(result).toEqualTypeOf<number>();
    });
  });
});

describe('createCoordinator<Events>', () => {
  const typed = createCoordinator<Events>();

  it('knows its names', () => {
    typed.when('data_ready', ({ dataset }) => {
      expectTypeOf(dataset).toEqualTypeOf<number[]>();
    });
    typed.emit('data_ready', { dataset: [1] });
    typed.emit('done');
    typed.when('spec_researcher_complete', ({ result }) => {
      expectTypeOf(result.title).toEqualTypeOf<string>();
    });
  });

  it('unites the data of a pattern, and of a predicate', () => {
    typed.when('data_*', (data) => {
      expectTypeOf(data).toEqualTypeOf<{ dataset: number[] } | { why: string }>();
    });
    typed.when('rxbaton.handler_f*', (data) => {
      expectTypeOf(data).toEqualTypeOf<HandlerFailed>();
    });
    typed.when('*_ready', ({ dataset }) => {
      expectTypeOf(dataset).toEqualTypeOf<number[]>();
    });
  });

  it('refuses every other name', () => {
    // @ts-expect-error not registered
    typed.emit('data_redy', { dataset: [1] });
    // @ts-expect-error not registered
    typed.when('data_redy', () => {});
    // @ts-expect-error other data
    typed.emit('data_ready', { dataset: ['1'] });
    // @ts-expect-error registered for bare functions only
    typed.emit('spec_data_ready', { dataset: 'x' });
    // @ts-expect-error the library's own events are its to emit
    typed.emit('rxbaton.handler_failed', {} as HandlerFailed);
    // @ts-expect-error no selector
    typed.when(5, () => {});
  });

  it('without the type takes any name', () => {
    const free = createCoordinator();
    free.emit('whatever', 1);
    free.when('whatever', (data) => {
      expectTypeOf(data).toBeAny();
    });
    free.when('spec_data_ready', ({ dataset }) => {
      expectTypeOf(dataset).toEqualTypeOf<string>();
    });
  });
});

describe('interface Strict { names: true }', () => {
  interface StrictNames {
    events: Events;
    strict: true;
  }
  it('makes bare functions refuse what is not registered', () => {
    const check = (strictEmit: Emit<StrictNames>, strictWhen: When<StrictNames>): void => {
      strictEmit('done');
      strictWhen('data_ready', () => {});
      // @ts-expect-error not registered
      strictEmit('unregistered', 1);
      // @ts-expect-error not registered
      strictWhen('unregistered');
    };
    expectTypeOf(check).toBeFunction();
  });
});

describe('options of handlers', () => {
  it('refuse what is unknown or of another type', () => {
    when('x', () => {}, {
      concurrency: 2,
      maxQueue: 5,
      overflow: 'drop-oldest',
      timeout: '5s',
      retry: { attempts: 3, delay: '1s' },
      once: true,
    });
    // @ts-expect-error no such option
    when('x', () => {}, { concurency: 2 });
    // @ts-expect-error no such policy
    when('x', () => {}, { concurrency: 1, maxQueue: 1, overflow: 'drop' });
    // @ts-expect-error no such unit
    when('x', () => {}, { timeout: '5 seconds' });
  });
});

describe('ofName', () => {
  it('narrows a stream of events', () => {
    expectTypeOf(ofName('spec_data_ready')).toEqualTypeOf<
      OperatorFunction<CoordinatorEvent, CoordinatorEvent<'spec_data_ready', { dataset: string }>>
    >();
    when('*')
      .pipe(ofName('spec_researcher_complete'))
      .subscribe(({ data }) => {
        expectTypeOf(data.result.title).toEqualTypeOf<string>();
      });
  });
});
