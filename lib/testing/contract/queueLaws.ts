/** The law of `acquire` as it is for every gate: queueing, and every way of not being admitted. */
import { ask, expectEqual, expectFates, fates, follow, line, stateOf, type Asked, type Laws } from './lab.ts';
import type { Single } from './singles.ts';

export function queueLaws({ spec, makeRoom, inside }: Single): Laws {
  return {
    'lets one in, then the others in order of arrival': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const all = await line(lab, gate, {}, {}, {}, {});
      for (const [i, one] of all.entries()) {
        expectEqual(fates(all.slice(i)), [inside, ...all.slice(i + 1).map(() => 'waiting')], `those from ${i + 1} on`);
        await makeRoom(lab, one);
      }
    },

    'asks anew with each subscription': async (lab) => {
      const acquisition = lab.open(spec(lab.unit)).acquire();
      await lab.idle();
      const first = follow(acquisition);
      await lab.idle();
      const second = follow(acquisition);
      await expectFates(lab, [first, second], [inside, 'waiting'], 'two subscriptions of one acquisition');
    },

    'forgets who unsubscribes while queued, at once, and gives nothing back for it': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const [a, b, c] = (await line(lab, gate, {}, {}, {})) as [Asked, Asked, Asked];
      b.leave();
      await expectFates(lab, [a, c], [inside, 'waiting'], 'when the second has left');
      expectEqual((await stateOf(gate)).waiting.length, 1, 'who is in the queue');
      await makeRoom(lab, a);
      await expectFates(lab, [b, c], ['left', inside], 'when there is room');
    },

    'refuses who aborts while queued, with the reason, and leaves no listener': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const controller = new AbortController();
      const listeners = countListeners(controller.signal);
      const [a, b, c] = (await line(lab, gate, {}, { signal: controller.signal }, {})) as [Asked, Asked, Asked];
      controller.abort('changed my mind');
      await expectFates(lab, [a, b, c], [inside, 'RXB_ABORTED', 'waiting'], 'when the second has aborted');
      expectEqual((b.error as Error).cause, 'changed my mind', 'the cause');
      expectEqual(listeners(), 0, 'listeners on the signal');
      await makeRoom(lab, a);
      await expectFates(lab, [c], [inside], 'the third when there is room');
    },

    'refuses a signal that has aborted before, and takes no place': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const late = ask(gate, { signal: AbortSignal.abort('long ago') });
      const next = ask(gate);
      await expectFates(lab, [late, next], ['RXB_ABORTED', inside], 'with an aborted signal, and after it');
    },

    'no longer looks at the signal once granted': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const controller = new AbortController();
      const listeners = countListeners(controller.signal);
      const [a, b] = (await line(lab, gate, { signal: controller.signal }, {})) as [Asked, Asked];
      controller.abort();
      await expectFates(lab, [a, b], [inside, 'waiting'], 'after an abort that comes too late');
      expectEqual(listeners(), 0, 'listeners on the signal');
    },

    'refuses who waited for its timeout, and takes it out of the queue': async (lab) => {
      const gate = lab.open(spec(lab.unit * 4));
      const [a, b, c] = (await line(lab, gate, {}, { timeout: lab.unit }, {})) as [Asked, Asked, Asked];
      await lab.advance(lab.unit / 2);
      await expectFates(lab, [a, b, c], [inside, 'waiting', 'waiting'], 'before the timeout');
      await lab.advance(lab.unit / 2);
      await expectFates(lab, [a, b, c], [inside, 'RXB_ACQUIRE_TIMEOUT', 'waiting'], 'after the timeout');
      expectEqual((await stateOf(gate)).waiting.length, 1, 'who is in the queue');
    },

    'lets a try in at once or not at all': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const [a, b, c] = (await line(lab, gate, { timeout: 0 }, { timeout: 0 }, {})) as [Asked, Asked, Asked];
      await expectFates(lab, [a, b, c], [inside, 'RXB_BUSY', 'waiting'], 'a try, another, and a request');
      await makeRoom(lab, a);
      await expectFates(lab, [b, c], ['RXB_BUSY', inside], 'when there is room');
    },

    'serves higher priorities first, and in order of arrival within one': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const [a, low, normal, high, higher, second] = (await line(
        lab,
        gate,
        {},
        { priority: -4096 },
        {},
        { priority: 7 },
        { priority: 4095 },
        { priority: 7 },
      )) as [Asked, Asked, Asked, Asked, Asked, Asked];
      let last = a;
      for (const next of [higher, high, second, normal, low]) {
        expectEqual(next.fate, 'waiting', 'before its turn');
        await makeRoom(lab, last);
        await expectFates(lab, [next], [inside], 'when its turn has come');
        last = next;
      }
    },

    'lets nobody in during a pause': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      await gate.pauseUntil((await lab.wall()) + lab.unit * 2);
      const a = ask(gate);
      await expectFates(lab, [a], ['waiting'], 'at the beginning of the pause');
      await lab.advance(lab.unit);
      await expectFates(lab, [a], ['waiting'], 'in the middle of the pause');
      await lab.advance(lab.unit);
      await expectFates(lab, [a], [inside], 'at the end of the pause');
    },

    'keeps keys apart': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const all = await line(lab, gate, { key: 'a' }, { key: 'b' }, { key: 'a' }, {});
      expectEqual(fates(all), [inside, inside, 'waiting', inside], 'keys a, b, a, and none');
    },

    'refuses what it can never give': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      const unlimited = 'strategy' in gate.spec && gate.spec.strategy === 'leaky-bucket';
      const [heavy, next] = (await line(lab, gate, { cost: 2 }, {})) as [Asked, Asked];
      if (unlimited) expectEqual(heavy.fate, inside, 'a heavy request');
      else await expectFates(lab, [heavy, next], ['RXB_LIMIT_IMPOSSIBLE', inside], 'a heavy request, and one after it');
    },

    'lists who is inside and who waits, in order': async (lab) => {
      const gate = lab.open(spec(lab.unit));
      await line(lab, gate, { label: 'a' }, { label: 'b' }, { label: 'c', priority: 1 });
      const state = await stateOf(gate);
      expectEqual(
        state.waiting.map(({ who }) => who),
        ['c', 'b'],
        'who waits',
      );
      expectEqual(
        state.holders.map(({ who }) => who),
        inside === 'held' ? ['a'] : [],
        'who holds',
      );
      expectEqual(state.available, 0, 'what could be taken');
    },
  };
}

/** How many abort listeners a signal has, without asking the host. */
function countListeners(signal: AbortSignal): () => number {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...call: Parameters<AbortSignal['addEventListener']>) => {
    listeners.add(call[1]);
    add(...call);
  };
  signal.removeEventListener = (...call: Parameters<AbortSignal['removeEventListener']>) => {
    listeners.delete(call[1]);
    remove(...call);
  };
  return () => listeners.size;
}
