import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  createCoordinator,
  define,
  emit,
  mutex,
  when,
  type DefinedEvent,
  type InputOf,
  type MutexSpec,
  type OutputOf,
  type StandardSchema,
} from 'rxbaton';

declare module 'rxbaton' {
  interface EventMap {
    spec_paid: { amount: number };
  }
}

const dated = z.object({ at: z.iso.date().transform((text) => new Date(text)), by: z.string().default('nobody') });

describe('define of an event', () => {
  it('gives a handle that knows what goes in and what comes out', () => {
    const event = define('dated', dated);
    expectTypeOf(event).toEqualTypeOf<DefinedEvent<typeof dated>>();
    when(event, (data) => {
      expectTypeOf(data).toEqualTypeOf<{ at: Date; by: string }>();
    });
    expectTypeOf(emit(event, { at: '2026-01-01' })).toEqualTypeOf<string>();
    emit(event, { at: '2026-01-01', by: 'me' }, { sender: 'me' });
    // @ts-expect-error the schema takes a text
    emit(event, { at: new Date() });
    // @ts-expect-error the data is missing
    emit(event);
    // @ts-expect-error no such option
    emit(event, { at: '' }, { sendr: 'me' });
    emit(define('maybe', z.number().optional()));
  });

  it('takes any Standard Schema', () => {
    const byHand: StandardSchema<string, number> = {
      '~standard': { version: 1, vendor: 'hand', validate: (value) => ({ value: Number(value) }) },
    };
    const event = define('length', byHand);
    when(event, (data) => {
      expectTypeOf(data).toEqualTypeOf<number>();
    });
    emit(event, '5');
    // @ts-expect-error the schema takes a text
    emit(event, 5);
    expectTypeOf<InputOf<typeof byHand>>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof byHand>>().toEqualTypeOf<number>();
    // @ts-expect-error this is no schema
    define('length', {});
    // @ts-expect-error this is no schema
    define('length');
  });

  it('agrees with what is registered for the name', () => {
    define('spec_paid', z.object({ amount: z.number() }));
    define('spec_paid', z.object({ amount: z.number().default(0) }));
    // @ts-expect-error handlers would get a text
    define('spec_paid', z.object({ amount: z.string() }));
    // @ts-expect-error emit of the name takes a number, this schema does not
    define('spec_paid', z.object({ amount: z.string().transform(Number) }));
  });

  it('knows the names of a coordinator', () => {
    const desk = createCoordinator<{ paid: { amount: number } }>();
    desk.define('paid', z.object({ amount: z.number() }));
    expectTypeOf(desk.define(mutex('db'))).toEqualTypeOf<MutexSpec>();
    // @ts-expect-error no such event
    desk.define('payed', z.object({ amount: z.number() }));
    // @ts-expect-error its handlers would get a text
    desk.define('paid', z.object({ amount: z.string() }));
  });
});
