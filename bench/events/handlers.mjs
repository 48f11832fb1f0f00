import { Subject } from 'rxjs';
import { ours } from '../rxbaton.mjs';

const name = 'data_ready';
const counts = { '0 handlers': 0, '1 handler': 1, '10 handlers': 10, '1,000 handlers': 1_000 };
const crowd = '1,000 handlers';

// Handlers are different functions, as they are in programs.
const handlers = (count) =>
  Array.from({ length: count }, () => {
    let calls = 0;
    return () => void calls++;
  });

const sync = (emit) => ({
  block(n) {
    for (let i = 0; i < n; i++) emit();
  },
});

const emitter = (create) => async (count) => {
  const emitter = await create();
  for (const handler of handlers(count)) emitter.on(name, handler);
  return sync(() => emitter.emit(name, 1));
};

const bar = (context) => ({
  text: `1,000 handlers of one name, tracking ${context}, against a Subject`,
  atMost: 1,
  of: (at) => at(`rxbaton emit, tracking ${context}`, crowd) / at('rxjs Subject', crowd),
});

export default {
  title: 'One event to all handlers of its name',
  unit: 'ns for each event',
  base: 'rxjs Subject',
  cases: counts,
  implementations: {
    eventemitter3: emitter(async () => new (await import('eventemitter3')).default()),
    'node EventEmitter': emitter(async () => {
      const { EventEmitter } = await import('node:events');
      return new EventEmitter().setMaxListeners(0);
    }),
    mitt: emitter(async () => (await import('mitt')).default()),
    'emittery (awaited)': async (count) => {
      const { default: Emittery } = await import('emittery');
      const emitter = new Emittery();
      for (const handler of handlers(count)) emitter.on(name, handler);
      return {
        async block(n) {
          for (let i = 0; i < n; i++) await emitter.emit(name, 1);
        },
      };
    },
    'rxjs Subject': (count) => {
      const subject = new Subject();
      for (const handler of handlers(count)) subject.subscribe(handler);
      return sync(() => subject.next({ name, data: 1 }));
    },
    ...ours(({ emit, when }, count) => {
      for (const handler of handlers(count)) when(name, handler);
      return sync(() => emit(name, 1));
    }, 'rxbaton emit'),
    ...ours(({ emit, when }, count) => {
      for (const handler of handlers(count)) when(name).subscribe(handler);
      return sync(() => emit(name, 1));
    }, 'rxbaton emit to when(name).subscribe'),
  },
  bars: [bar('off'), bar('on')],
};
