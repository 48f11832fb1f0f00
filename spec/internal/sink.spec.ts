import { describe, expect, it } from 'vitest';
import { sinkOf } from '../../lib/internal/sink.ts';
import { diagram } from '../support/diagram.ts';
import { unhandledErrors } from '../support/unhandled.ts';

const unhandled = unhandledErrors();

describe('a sink', () => {
  it('is made of three functions, of which any may be missing', () => {
    const log: unknown[] = [];
    const all = sinkOf<unknown>(
      (value) => log.push(['next', value]),
      (error) => log.push(['error', error]),
      () => log.push(['complete']),
    );
    all.next(1);
    all.error(2);
    all.complete();
    expect(log).toEqual([['next', 1], ['error', 2], ['complete']]);
    for (const nothing of [null, undefined]) {
      const none = sinkOf(nothing, null, null);
      expect(() => {
        none.next(1);
        none.complete();
      }).not.toThrow();
    }
  });

  it('is made of an observer, with its methods on it', () => {
    class Counter {
      values = 0;
      ends = 0;
      next(): void {
        this.values++;
      }
      error(): void {
        this.ends++;
      }
      complete(): void {
        this.ends++;
      }
    }
    const counter = new Counter();
    const sink = sinkOf(counter);
    sink.next(1);
    sink.error(1);
    sink.complete();
    expect(counter).toEqual({ values: 1, ends: 2 });
    expect(() => sinkOf({}).next(1)).not.toThrow();
  });

  it(
    'reports what its functions throw in a job of its own, and an error that nobody takes',
    diagram(({ flush }) => {
      const throwing = (name: string) => () => {
        throw name;
      };
      const sink = sinkOf(throwing('next'), throwing('error'), throwing('complete'));
      sink.next(1);
      sink.error(1);
      sink.complete();
      sinkOf({ next: throwing('observer') }).next(1);
      sinkOf(null).error('nobody takes it');
      expect(unhandled).toEqual([]);
      flush();
      expect(unhandled).toEqual(['next', 'error', 'complete', 'observer', 'nobody takes it']);
    }),
  );
});
