import { events, payloads, turn } from './events.mjs';
import { file, memory, persisting } from './persisting.mjs';

/** Lets everybody else have a turn, as a program does between two requests. */
const pause = () => new Promise((resolve) => setImmediate(resolve));

/** `n` turns, in each of which something is done with every event; until `settled`. */
const turns = (each, settled) => ({
  per: turn,
  async block(n) {
    for (let i = 0; i < n; i++) {
      each();
      await pause();
    }
    await settled();
  },
});

const persisted = (open) => async (context) => {
  const { coordinator } = await persisting(context, open);
  return turns(
    () => {
      for (const data of payloads) coordinator.emit('agent.step', data);
    },
    () => coordinator.settled(),
  );
};

const rows = (open, name) => ({
  [`rxbaton, ${name}, tracking on`]: () => persisted(open)('on'),
  [`rxbaton, ${name}, tracking off`]: () => persisted(open)('off'),
});

const floor = 'floor: JSON.stringify of the same events';
const bar = (tracking) => ({
  text: `a bus persisted to a file, fsync 'batch', tracking ${tracking}, against JSON.stringify alone (rate)`,
  atLeast: 0.6,
  of: (at) => at(floor) / at(`rxbaton, file, fsync 'batch', tracking ${tracking}`),
});

export default {
  title: `A persisted bus, ${turn} events a turn, until all are in the log`,
  unit: 'ns for each event',
  base: floor,
  implementations: {
    [floor]: () => {
      let length = 0;
      return turns(
        () => {
          for (const event of events) length += JSON.stringify(event).length;
        },
        () => {},
      );
    },
    ...rows(memory, 'memory'),
    ...rows(file('batch'), "file, fsync 'batch'"),
    ...rows(file('always'), "file, fsync 'always'"),
  },
  bars: [bar('off'), bar('on')],
};
