import { fc, test } from '@fast-check/vitest';
import type { Subscription } from 'rxjs';
import { describe, expect } from 'vitest';
import { createCoordinator } from 'rxbaton';
import { compile } from '../../lib/events/patterns.ts';

const names = ['a', 'b', 'a_failed', 'b_failed', 'x.a'];
const selectors = [...names, '*', 'a*', '*_failed', 'x.*', '*a*'];

/** What a handler does when it hears an event, once. */
const reaction = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: 'nothing' } as const) },
  fc.record({ do: fc.constant('emit' as const), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('leave' as const), who: fc.nat(20) }),
  fc.record({ do: fc.constant('join' as const), selector: fc.constantFrom(...selectors) }),
  fc.constant({ do: 'throw' } as const),
);
const command = fc.oneof(
  fc.record({ do: fc.constant('join' as const), selector: fc.constantFrom(...selectors), reaction }),
  fc.record({ do: fc.constant('leave' as const), who: fc.nat(20) }),
  fc.record({ do: fc.constant('emit' as const), name: fc.constantFrom(...names) }),
);

type Reaction = typeof reaction extends fc.Arbitrary<infer R> ? R : never;

/** A bus as it is meant: one list, walked for each event; one queue. */
function naive() {
  const log: string[] = [];
  const members: { selector: string; reaction: Reaction; alive: boolean }[] = [];
  const inbox: string[] = [];
  let busy = false;
  const join = (selector: string, react: Reaction): void =>
    void members.push({ selector, reaction: react, alive: true });
  const leave = (who: number): void => {
    const member = members[who];
    if (member) member.alive = false;
  };
  const emit = (name: string): void => {
    inbox.push(name);
    if (busy) return;
    busy = true;
    for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) {
      for (const [i, member] of [...members].entries()) {
        if (!member.alive || !compile(member.selector).matches(next)) continue;
        log.push(`${i} hears ${next}`);
        const { reaction: react } = member;
        member.reaction = { do: 'nothing' };
        if (react.do === 'emit') emit(react.name);
        if (react.do === 'leave') leave(react.who);
        if (react.do === 'join') join(react.selector, { do: 'nothing' });
      }
    }
    busy = false;
  };
  return { log, join, leave, emit };
}

/** The same play on the real one. */
function real() {
  const coordinator = createCoordinator({ onError: () => {} });
  const log: string[] = [];
  const members: Subscription[] = [];
  const leave = (who: number): void => members[who]?.unsubscribe();
  const join = (selector: string, first: Reaction): void => {
    const i = members.length;
    let react = first;
    members.push(
      coordinator.when(selector, (_, { name }) => {
        log.push(`${i} hears ${name}`);
        const now = react;
        react = { do: 'nothing' };
        if (now.do === 'emit') coordinator.emit(now.name);
        if (now.do === 'leave') leave(now.who);
        if (now.do === 'join') join(now.selector, { do: 'nothing' });
        if (now.do === 'throw') throw new Error('a failure, which harms nobody');
      }),
    );
  };
  return { log, join, leave, emit: (name: string): void => void coordinator.emit(name) };
}

describe('dispatch', () => {
  test.prop([fc.array(command, { maxLength: 60 })], { numRuns: 500 })(
    'does what one list and one queue would do, whoever joins, leaves, emits or fails meanwhile',
    (commands) => {
      const [model, bus] = [naive(), real()];
      for (const each of commands) {
        for (const side of [model, bus]) {
          if (each.do === 'join') side.join(each.selector, each.reaction);
          if (each.do === 'leave') side.leave(each.who);
          if (each.do === 'emit') side.emit(each.name);
        }
        expect(bus.log).toEqual(model.log);
      }
    },
  );
});
