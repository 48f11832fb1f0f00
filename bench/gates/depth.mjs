import { NEVER, defer, of } from 'rxjs';
import { ours } from '../rxbaton.mjs';

const WAITERS = 100_000;

function depth() {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const frames = new Error().stack.split('\n').length;
  Error.stackTraceLimit = limit;
  return frames;
}

/** How many stack frames the last of them has more than the tenth. */
const deepening = ({ withLock, mutex }) => ({
  measure() {
    const lock = mutex('m');
    const holder = withLock(lock)(NEVER).subscribe();
    let served = 0;
    let early = NaN;
    let late = NaN;
    const body = defer(() => {
      served++;
      if (served === 10) early = depth();
      if (served === WAITERS) late = depth();
      return of(1);
    });
    for (let i = 0; i < WAITERS; i++) withLock(lock)(body).subscribe();
    holder.unsubscribe();
    return late - early;
  },
});

const bar = (context) => ({
  text: `100,000 synchronous waiters, tracking ${context}: growth of the stack`,
  unit: 'frames',
  atMost: 0,
  of: (at) => at(`rxbaton, tracking ${context}`),
});

export default {
  title: `${WAITERS.toLocaleString('en')} synchronous waiters: stack frames of the last more than of the tenth`,
  unit: 'frames',
  options: { rounds: 1, blocks: 1 },
  implementations: ours(deepening),
  bars: [bar('off'), bar('on')],
};
