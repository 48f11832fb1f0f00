import { Subject, filter } from 'rxjs';
import { ours } from '../rxbaton.mjs';

const counts = { '1 name': 1, '1,000 names': 1_000, '10,000 names': 10_000 };
const [one, thousand, many] = Object.keys(counts);

let calls = 0;
const handler = () => void calls++;

/** Round robin over all names; `emit(name)` may return a promise when `awaited`. */
function roundRobin(count, prepare, awaited = false) {
  const names = Array.from({ length: count }, (_, i) => `event_${i}`);
  const emit = prepare(names);
  let at = 0;
  const next = () => {
    if (at === count) at = 0;
    return names[at++];
  };
  return {
    block: awaited
      ? async (n) => {
          for (let i = 0; i < n; i++) await emit(next());
        }
      : (n) => {
          for (let i = 0; i < n; i++) emit(next());
        },
  };
}

const peers = {
  eventemitter3: async (count) => {
    const { default: EventEmitter } = await import('eventemitter3');
    const emitter = new EventEmitter();
    return roundRobin(count, (names) => {
      for (const name of names) emitter.on(name, handler);
      return (name) => emitter.emit(name, 1);
    });
  },
  'node EventEmitter': async (count) => {
    const { EventEmitter } = await import('node:events');
    const emitter = new EventEmitter();
    return roundRobin(count, (names) => {
      for (const name of names) emitter.on(name, handler);
      return (name) => emitter.emit(name, 1);
    });
  },
  mitt: async (count) => {
    const { default: mitt } = await import('mitt');
    const emitter = mitt();
    return roundRobin(count, (names) => {
      for (const name of names) emitter.on(name, handler);
      return (name) => emitter.emit(name, 1);
    });
  },
  'emittery (awaited)': async (count) => {
    const { default: Emittery } = await import('emittery');
    const emitter = new Emittery();
    return roundRobin(
      count,
      (names) => {
        for (const name of names) emitter.on(name, handler);
        return (name) => emitter.emit(name, 1);
      },
      true,
    );
  },
  'rxjs Subject with filter': (count) => {
    const subject = new Subject();
    return roundRobin(count, (names) => {
      for (const name of names) subject.pipe(filter((event) => event.name === name)).subscribe(handler);
      return (name) => subject.next({ name, data: 1 });
    });
  },
  'xstate actor.send': async (count) => {
    const { createActor, createMachine } = await import('xstate');
    return roundRobin(count, (names) => {
      const on = Object.fromEntries(names.map((name) => [name, { actions: handler }]));
      const actor = createActor(createMachine({ on })).start();
      return (name) => actor.send({ type: name });
    });
  },
};

const row = (context) => `rxbaton emit, tracking ${context}`;
const bars = (context) => [
  {
    text: `1,000 names, tracking ${context}, against eventemitter3`,
    atMost: 5,
    of: (at) => at(row(context), thousand) / at('eventemitter3', thousand),
  },
  {
    text: `1,000 names, Subject with filter against tracking ${context}`,
    atLeast: 200,
    of: (at) => at('rxjs Subject with filter', thousand) / at(row(context), thousand),
  },
  {
    text: `10,000 names against one, tracking ${context}`,
    atMost: 2,
    of: (at) => at(row(context), many) / at(row(context), one),
  },
];

export default {
  title: 'One event to the one handler of its name, among that many names',
  unit: 'ns for each event',
  base: 'eventemitter3',
  cases: counts,
  skip: (name, column) => column === many && /filter|xstate/.test(name),
  implementations: {
    ...peers,
    ...ours(
      ({ emit, when }, count) =>
        roundRobin(count, (names) => {
          for (const name of names) when(name, handler);
          return (name) => emit(name, 1);
        }),
      'rxbaton emit',
    ),
    ...ours(
      ({ emit, when }, count) =>
        roundRobin(count, (names) => {
          for (const name of names) when(name).subscribe(handler);
          return (name) => emit(name, 1);
        }),
      'rxbaton emit to when(name).subscribe',
    ),
  },
  bars: [...bars('off'), ...bars('on')],
};
