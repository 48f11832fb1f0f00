import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  coordinate,
  ConfigError,
  createCoordinator,
  define,
  emit,
  mutex,
  SchemaError,
  SpecConflictError,
  when,
  within,
  type SchemaResult,
  type StandardSchema,
} from 'rxbaton';
import { isolated } from 'rxbaton/testing';
import { unhandledErrors } from '../support/unhandled.ts';

const order = z.object({ id: z.string(), items: z.array(z.object({ price: z.number().positive() })) });

/** A schema by hand: what nobody's library looks like. */
function byHand(validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>): StandardSchema {
  return { '~standard': { version: 1, vendor: 'hand', validate } };
}

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

function heard(coordinator = createCoordinator()) {
  const seen: unknown[] = [];
  coordinator.when('*', (data) => seen.push(data));
  return { ...coordinator, seen };
}

describe('an event with a schema', () => {
  it('is delivered when its data fits', () => {
    const { define, emit, seen } = heard();
    define('order_placed', order);
    emit('order_placed', { id: 'a', items: [{ price: 3 }] });
    expect(seen).toEqual([{ id: 'a', items: [{ price: 3 }] }]);
  });

  it('is refused at emit when its data does not: the sender gets the issues with their paths, nobody gets the event', () => {
    const { define, emit, seen } = heard();
    define('order_placed', order);
    const error = thrownBy(() => emit('order_placed', { id: 7, items: [{ price: 1 }, { price: -1 }] })) as SchemaError;
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.details).toEqual({
      name: 'order_placed',
      issues: [
        { message: expect.any(String), path: ['id'] },
        { message: expect.any(String), path: ['items', 1, 'price'] },
      ],
    });
    expect(error.message).toMatch(/^'order_placed' does not fit its schema: id: .+; items\.1\.price: .+\.$/);
    expect(seen).toEqual([]);
  });

  it('takes no number when it is refused', () => {
    const coordinator = createCoordinator();
    const numbers: number[] = [];
    coordinator.when('*', (_, { seq }) => numbers.push(seq));
    coordinator.define('n', z.number());
    coordinator.emit('n', 1);
    expect(thrownBy(() => coordinator.emit('n', 'one'))).toBeInstanceOf(SchemaError);
    coordinator.emit('n', 2);
    expect(numbers).toEqual([1, 2]);
  });

  it('is refused too where nobody listens', () => {
    const { define, emit } = createCoordinator();
    define('n', z.number());
    expect(thrownBy(() => emit('n', 'one'))).toBeInstanceOf(SchemaError);
    expect(thrownBy(() => emit('n', 1))).toBeUndefined();
  });

  it('is refused inside a handler, which fails by it', async () => {
    const errors: unknown[] = [];
    const { define, when, emit, settled } = createCoordinator({ onError: (error) => errors.push(error) });
    define('n', z.number());
    when('go', () => emit('n', 'one'));
    emit('go');
    await settled();
    expect(errors).toEqual([expect.any(SchemaError)]);
  });

  it('carries what the schema has made of the data', () => {
    const { define, emit, seen } = heard();
    define('at', z.object({ at: z.iso.date().transform((text) => new Date(text)), by: z.string().default('nobody') }));
    emit('at', { at: '2026-11-20' });
    expect(seen).toEqual([{ at: new Date('2026-11-20'), by: 'nobody' }]);
  });

  it('keeps its schema when its name has been forgotten by the bus', () => {
    const { define, emit } = createCoordinator();
    define('n', z.number());
    for (let i = 0; i < 10_000; i++) emit(`name_${i}`);
    expect(thrownBy(() => emit('n', 'one'))).toBeInstanceOf(SchemaError);
  });

  it('leaves every other name alone', () => {
    const { define, emit, seen } = heard();
    define(
      'n',
      byHand(() => ({ issues: [{ message: 'no' }] })),
    );
    emit('m', 'anything');
    expect(seen).toEqual(['anything']);
  });

  it('is looked at by the schema once, however many listen', () => {
    const { define, emit, when } = createCoordinator();
    let asked = 0;
    define(
      'n',
      byHand((value) => ({ value: [value, ++asked] })),
    );
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) when('n', (data) => seen.push(data));
    emit('n', 'x');
    expect(seen).toEqual(Array(3).fill(['x', 1]));
  });
});

describe('the handle that define returns', () => {
  it('stands for the name in when and in emit', () => {
    const { define, emit, when } = createCoordinator();
    const placed = define('order_placed', z.object({ id: z.string() }));
    const seen: unknown[] = [];
    when(placed, ({ id }, { name }) => seen.push([name, id]));
    when(placed).subscribe(({ data: { id } }) => seen.push(id));
    emit(placed, { id: 'a' }, { sender: 'shop' });
    expect(thrownBy(() => emit(placed, { id: 1 as never }))).toBeInstanceOf(SchemaError);
    expect(seen).toEqual([['order_placed', 'a'], 'a']);
  });

  it('is what bare functions take too, and pins in the coordinator that they mean', () =>
    isolated((coordinator) => {
      const seen: unknown[] = [];
      const placed = define('order_placed', z.object({ id: z.string() }));
      when(placed, ({ id }) => seen.push(id));
      emit(placed, { id: 'a' });
      expect(seen).toEqual(['a']);
      expect(thrownBy(() => coordinator.emit('order_placed', {}))).toBeInstanceOf(SchemaError);
      expect(thrownBy(() => within(createCoordinator(), () => emit('order_placed', {})))).toBeUndefined();
    }));
});

describe('define', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a function', () => true],
    ['another version', { '~standard': { version: 2, vendor: 'x', validate: () => ({ value: 1 }) } }],
    ['a schema without validate', { '~standard': { version: 1, vendor: 'x' } }],
    ['a gate', mutex('db')],
  ])('refuses %s for a schema', (_, schema) => {
    expect(thrownBy(() => createCoordinator().define('n', schema as never))).toBeInstanceOf(ConfigError);
  });

  it('takes a schema that is a function, as some libraries have them', () => {
    const { define, emit } = createCoordinator();
    define(
      'n',
      Object.assign(
        () => true,
        byHand(() => ({ issues: [{ message: 'no' }] })),
      ) as StandardSchema,
    );
    expect(String(thrownBy(() => emit('n', 1)))).toBe("SchemaError: 'n' does not fit its schema: no.");
  });

  it.each(['', '*_failed', 'rxbaton.handler_failed'])('refuses the name %o', (name) => {
    const error = thrownBy(() => createCoordinator().define(name, z.unknown()));
    expect(error).toBeInstanceOf(ConfigError);
  });

  it('refuses a second schema, and takes the same one again', () => {
    const { define, emit } = createCoordinator();
    const schema = z.number();
    define('n', schema);
    define('n', schema);
    expect(thrownBy(() => define('n', z.number()))).toBeInstanceOf(SpecConflictError);
    expect(thrownBy(() => emit('n', 'x'))).toBeInstanceOf(SchemaError);
  });

  it('keeps gates and events apart', () => {
    const { define, emit } = createCoordinator();
    expect(define(mutex('n')).kind).toBe('mutex');
    define('n', z.number());
    expect(thrownBy(() => emit('n', 'x'))).toBeInstanceOf(SchemaError);
  });
});

describe('what schemas may do wrong', () => {
  const unheard = unhandledErrors();

  it('to answer with a promise is refused with a clear error, however the promise ends', async () => {
    const { define, emit, seen } = heard();
    define(
      'later',
      byHand(async (value) => ({ value })),
    );
    define(
      'never',
      byHand(() => Promise.reject(new Error('unheard'))),
    );
    define(
      'zod',
      z.string().refine(async () => true),
    );
    for (const name of ['later', 'never', 'zod']) {
      const error = thrownBy(() => emit(name, 'x'));
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain(`The schema of '${name}' answers with a promise`);
    }
    await new Promise(setImmediate);
    expect([seen, unheard]).toEqual([[], []]);
  });

  it('to throw is a refusal with the cause', () => {
    const { define, emit } = createCoordinator();
    const cause = new Error('bug');
    define(
      'n',
      byHand(() => {
        throw cause;
      }),
    );
    expect(thrownBy(() => emit('n', 1))).toMatchObject({ name: 'SchemaError', cause, details: { issues: [] } });
  });

  it('to name places in ways of their own is put right', () => {
    const { define, emit } = createCoordinator();
    const place = Symbol('place');
    define(
      'n',
      byHand(() => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 0, place] }, { message: 'nor this' }] })),
    );
    const error = thrownBy(() => emit('n', 1)) as SchemaError;
    expect(error.details['issues']).toEqual([
      { message: 'no', path: ['a', 0, place] },
      { message: 'nor this', path: [] },
    ]);
    expect(error.message).toBe("'n' does not fit its schema: a.0.Symbol(place): no; nor this.");
  });

  it('to find a thousand issues makes no thousand lines', () => {
    const { define, emit } = createCoordinator();
    define('n', z.array(z.number()));
    const error = thrownBy(() => emit('n', Array(1_000).fill('x'))) as SchemaError;
    expect(error.message).toMatch(/; and 995 more\.$/);
    expect(error.details['issues']).toHaveLength(1_000);
  });

  it('to come from another realm makes no difference', () => {
    const { define, emit } = createCoordinator();
    const schema = runInNewContext(
      "({ '~standard': { version: 1, vendor: 'x', validate: () => Promise.resolve({}) } })",
    ) as StandardSchema;
    define('n', schema);
    expect(thrownBy(() => emit('n', 1))).toBeInstanceOf(ConfigError);
  });
});

describe('the lifecycle of a coordinated function', () => {
  const complete = z.object({ result: z.string() }).loose();

  it('withholds an event that breaks its schema, says so to onError, and leaves the call alone', async () => {
    const errors: unknown[] = [];
    const coordinator = createCoordinator({ onError: (error, what) => errors.push([error, what]) });
    const names: string[] = [];
    coordinator.when('*', (_, { name }) => names.push(name));
    coordinator.define('writer_complete', complete);
    const writer = coordinator.coordinate('writer', async (text: unknown) => text);
    expect(await writer(5)).toBe(5);
    expect(await writer('five')).toBe('five');
    expect(names).toEqual(['writer_started', 'writer_started', 'writer_complete']);
    expect(errors).toEqual([[expect.any(SchemaError), 'writer_complete']]);
  });

  it('delivers what the schema makes of it, but returns what the function returned', () =>
    isolated(async () => {
      const seen: unknown[] = [];
      const shout = coordinate('shout', async (text: string) => text);
      define('shout_complete', z.object({ result: z.string().toUpperCase() }));
      when(shout.complete, (data) => seen.push(data));
      expect(await shout('hey')).toBe('hey');
      expect(seen).toEqual([{ result: 'HEY' }]);
    }));
});
