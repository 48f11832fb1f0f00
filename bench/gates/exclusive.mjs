import { concatMap, mergeMap, of, range } from 'rxjs';
import { ours } from '../rxbaton.mjs';

const inner = (x) => of(x);
const sink = () => {};
const bare = 'rxjs mergeMap(x => of(x)), no lock';

/** Nanoseconds for each value of one long source. */
const flow = (operator) => ({
  block(n) {
    range(0, n).pipe(operator).subscribe(sink);
  },
});

const bar = (context) => ({
  text: `exclusive for each value, tracking ${context}, against mergeMap without a lock`,
  atMost: 0.7,
  of: (at) => at(`rxbaton exclusive, tracking ${context}`) / at(bare),
});

export default {
  title: 'A stream whose every value runs x => of(x) under a lock, ns for each value',
  unit: 'ns',
  base: bare,
  implementations: {
    [bare]: () => flow(mergeMap(inner)),
    'rxjs concatMap(x => of(x)), no lock': () => flow(concatMap(inner)),
    ...ours(({ exclusive, mutex }) => flow(exclusive(mutex('m'), inner)), 'rxbaton exclusive'),
    ...ours(({ withLock, mutex }) => {
      const lock = mutex('m');
      return flow(mergeMap((x) => of(x).pipe(withLock(lock))));
    }, 'rxbaton mergeMap(withLock)'),
  },
  bars: [bar('off'), bar('on')],
};
