import { payloads, turn } from './events.mjs';
import { file, memory, nothing, persisting } from './persisting.mjs';

/** What the loop that emits a turn of events takes, for each; what happens behind it is not its time. */
const emitting = (open, handlers) => async (context) => {
  const { coordinator } = await persisting(context, open);
  let calls = 0;
  for (let i = 0; i < handlers; i++) coordinator.when('agent.step', () => void calls++);
  const rounds = async (n) => {
    let spent = 0;
    for (let i = 0; i < n; i++) {
      const before = performance.now();
      for (const data of payloads) coordinator.emit('agent.step', data);
      spent += performance.now() - before;
      await coordinator.settled();
    }
    return (spent * 1e6) / (n * turn);
  };
  await rounds(500);
  return { measure: () => rounds(50) };
};

const handlers = { 'nobody listens': 0, '1 handler': 1 };
const row = (open, context) => (count) => emitting(open, count)(context);
const kinds = { 'not persisted': nothing, 'persisted to memory': memory, 'persisted to a file': file('batch') };
const implementations = Object.fromEntries(
  Object.entries(kinds).flatMap(([kind, open]) =>
    ['on', 'off'].map((context) => [`rxbaton, ${kind}, tracking ${context}`, row(open, context)]),
  ),
);

export default {
  title: `What emit costs its caller, ${turn} events a turn`,
  unit: 'ns for each event',
  base: 'rxbaton, not persisted, tracking off',
  cases: handlers,
  implementations,
  bars: ['off', 'on'].flatMap((context) =>
    Object.keys(handlers).map((column) => ({
      text: `emit with persistence against emit without, ${column}, tracking ${context}`,
      atMost: 2,
      of: (at) =>
        at(`rxbaton, persisted to a file, tracking ${context}`, column) /
        at(`rxbaton, not persisted, tracking ${context}`, column),
    })),
  ),
};
