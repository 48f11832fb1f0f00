/** What a place in the same memory adds: answers in the same turn. */
import { Observable, of } from 'rxjs';
import { hold } from '../../gates/hold.ts';
import { mutex } from '../../gates/mutex.ts';
import { ask, expectEqual, fates, unexpected, type Asked, type Laws } from './lab.ts';

const deep = 20_000;

export const synchronousLaws: Laws = {
  'a free gate grants inside subscribe, and a departure lets the next one in inside unsubscribe': (lab) => {
    const gate = lab.open(mutex('gate'));
    const [a, b] = [ask(gate), ask(gate)];
    expectEqual(fates([a, b]), ['held', 'waiting'], 'right after subscribing');
    a.leave();
    expectEqual(fates([a, b]), ['left', 'held'], 'right after unsubscribing');
  },

  'the consumer of ended work hears of it before the next one starts, and nobody barges in': (lab) => {
    const gate = lab.open(mutex('gate'));
    const log: string[] = [];
    let end: () => void = () => undefined;
    const start = (name: string): void => {
      const work = new Observable<never>((subscriber) => {
        log.push(`${name} starts`);
        end = () => {
          subscriber.complete();
        };
        return () => log.push(`${name} gone`);
      });
      hold(gate.acquire(), () => work).subscribe({
        complete: () => {
          log.push(`${name} complete`);
          if (name === 'A') start('barger');
        },
        error: unexpected,
      });
    };
    for (const name of ['A', 'B', 'C', 'D']) start(name);
    for (let i = 0; i < 5; i++) end();
    const turn = (name: string): string[] => [`${name} starts`, `${name} gone`, `${name} complete`];
    expectEqual(log, ['A', 'B', 'C', 'D', 'barger'].flatMap(turn), 'the order at the end of work');
  },

  'who leaves between the reservation and its delivery is passed by': (lab) => {
    const gate = lab.open(mutex('gate'));
    let end: () => void = () => undefined;
    const work = new Observable<never>((subscriber) => {
      end = () => {
        subscriber.complete();
      };
    });
    hold(gate.acquire(), () => work).subscribe({
      complete: () => {
        b.leave();
      },
      error: unexpected,
    });
    const b = ask(gate);
    const c = ask(gate);
    end();
    expectEqual(fates([b, c]), ['left', 'held'], 'after the second left inside the end of the first');
    c.leave();
    expectEqual(ask(gate).fate, 'held', 'the gate afterwards');
  },

  'who asks from inside a grant waits behind those who came before': (lab) => {
    const gate = lab.open(mutex('gate'));
    const first = ask(gate);
    let nested: Asked | undefined;
    const a = gate.acquire().subscribe({
      next: () => {
        nested = ask(gate);
      },
      error: unexpected,
    });
    const b = ask(gate);
    first.leave();
    expectEqual([nested?.fate, b.fate], ['waiting', 'waiting'], 'while the one who asked again holds');
    a.unsubscribe();
    expectEqual([nested?.fate, b.fate], ['waiting', 'held'], 'when it has left');
    b.leave();
    expectEqual(nested?.fate, 'held', 'in the end');
  },

  [`${deep} hand-overs in one turn take no stack`]: (lab) => {
    const gate = lab.open(mutex('gate'));
    const first = ask(gate);
    let count = 0;
    for (let i = 0; i < deep; i++) hold(gate.acquire(), () => of(++count)).subscribe({ error: unexpected });
    first.leave();
    expectEqual(count, deep, 'how many ran');
  },
};
