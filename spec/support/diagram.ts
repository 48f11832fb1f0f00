import { expect } from 'vitest';
import { marbles, type MarblesHelpers } from '../../lib/testing/marbles.ts';

/** A test in marbles whose differences vitest shows, so that a diagram can end in `expect.any(BusyError)`. */
export const diagram = (body: (helpers: MarblesHelpers) => void): (() => void) =>
  marbles(body, {
    assertDeepEqual: (actual, expected) => {
      expect(actual).toEqual(expected);
    },
  });

/** An error of this class, at the end of a diagram. */
export const anError = (error: new (...args: never[]) => Error): unknown => expect.any(error);
