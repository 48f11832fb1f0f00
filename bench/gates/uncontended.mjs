import { of } from 'rxjs';
import { ours } from '../rxbaton.mjs';
import { bare, floors, peers } from './mutexes.mjs';

const source = of(1);
let sum = 0;
const sink = (value) => (sum += value);

/** The whole of it each time: the operator, the locked Observable, its subscription. */
const built = (gate) => (api) => {
  const { withLock } = api;
  const lock = gate(api);
  return {
    block(n) {
      for (let i = 0; i < n; i++) withLock(lock)(source).subscribe(sink);
    },
  };
};

const subscribed = ({ withLock, mutex }) => {
  const locked = source.pipe(withLock(mutex('m')));
  return {
    block(n) {
      for (let i = 0; i < n; i++) locked.subscribe(sink);
    },
  };
};

const alone = (entries) =>
  Object.fromEntries(
    Object.entries(entries).map(([name, make]) => [
      name,
      async () => {
        const { once, warmUp } = await make();
        return { block: once, warmUp };
      },
    ]),
  );

const on = 'rxbaton withLock(mutex), tracking on';
const off = 'rxbaton withLock(mutex), tracking off';
const floor = 'floor: flag and list';
const fastest = (at) => Math.min(...Object.keys(peers).map((name) => at(name)));

export default {
  title: 'A free lock: acquire, do nothing, release; withLock(m) on of(x), ns',
  unit: 'ns',
  base: floor,
  implementations: {
    ...alone(floors),
    'floor: of(x).subscribe, no lock': () => ({
      block(n) {
        for (let i = 0; i < n; i++) source.subscribe(sink);
      },
    }),
    ...alone(bare),
    ...alone(peers),
    ...ours(
      built(({ mutex }) => mutex('m')),
      'rxbaton withLock(mutex)',
    ),
    ...ours(
      built(({ open, mutex }) => open(mutex('m'))),
      'rxbaton withLock(live gate)',
    ),
    ...ours(
      built(() => 'm'),
      'rxbaton withLock(name)',
    ),
    ...ours(subscribed, 'rxbaton withLock(mutex), piped once'),
  },
  bars: [
    { text: 'withLock, tracking off, against flag and list', atMost: 2, of: (at) => at(off) / at(floor) },
    { text: 'withLock, tracking on, against flag and list', atMost: 2.5, of: (at) => at(on) / at(floor) },
    { text: 'async-mutex against withLock, tracking off', atLeast: 10, of: (at) => at('async-mutex') / at(off) },
    { text: 'async-mutex against withLock, tracking on', atLeast: 10, of: (at) => at('async-mutex') / at(on) },
    { text: 'fastest promise peer against withLock, tracking off', atLeast: 1, of: (at) => fastest(at) / at(off) },
    { text: 'fastest promise peer against withLock, tracking on', atLeast: 1, of: (at) => fastest(at) / at(on) },
  ],
};
