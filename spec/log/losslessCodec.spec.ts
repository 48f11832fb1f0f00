import { inspect, isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../../lib/errors.ts';
import { LineBytes } from '../../lib/log/LineBytes.ts';
import { lossless, losslessCodec } from '../../lib/log/losslessCodec.ts';
import { Writer } from '../../lib/log/Writer.ts';
import { writePlain } from '../../lib/log/writePlain.ts';
import { runs } from '../support/runs.ts';

const { encode, decode } = losslessCodec;
const refusal = (fn: () => unknown): CodecError => {
  try {
    fn();
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return error as CodecError;
  }
  throw new Error('It was not refused.');
};
const again = (value: unknown): unknown => decode(encode(value));

/** Keys that mean something to JSON, to JavaScript or to the codec. */
const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('$', '$date', '$map', '$undefined', '$holes', '$opaque', '$nobody', '__proto__', 'constructor', '0'),
);

const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.anything({
      key,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    }),
    fc.constantFrom(undefined, NaN, -0, Infinity, -Infinity, new Date(NaN), '\u2028', '\ud800', /a"\n[/]/giu),
    fc.webUrl().map((url) => new URL(url)),
    fc.uint8Array().map((bytes) => bytes.buffer),
    fc.uint8Array().map((bytes) => new DataView(bytes.buffer)),
    fc
      .tuple(fc.constantFrom(Error, TypeError, RangeError), fc.string(), tie('value'))
      .map(([Class, message, cause]) => new Class(message, { cause })),
    fc.tuple(fc.array(tie('value')), fc.string()).map(([errors, message]) => new AggregateError(errors, message)),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    fc.array(tie('value')),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
  ),
})).value;

describe('whatever data it is', () => {
  it('comes back equal, from one line of JSON', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const text = encode(value);
        expect(text).not.toMatch(/[\n\r\u2028\u2029]/);
        JSON.parse(text);
        const read = decode(text);
        expect(encode(read)).toBe(text);
        // Node holds no invalid date for equal to another.
        if (!text.includes('{"$date":null}')) expect(isDeepStrictEqual(read, value), inspect(read)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  }, 120_000);

  it('is written by JSON itself where JSON says it all', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        if (Object.is(value, -0)) return;
        fc.pre(!JSON.stringify(value).includes('"$') && !/[\u2028\u2029]/.test(JSON.stringify(value)));
        const lines = new LineBytes();
        lines.write('before it ');
        if (writePlain(value, null, lines)) expect(lines.text()).toBe(`before it ${JSON.stringify(value)}`);
        else
          expect([inspect(value, { depth: null }), lines.text()]).toEqual([
            expect.stringContaining('-0'),
            'before it ',
          ]);
      }),
      { numRuns: runs(500) },
    );
  });

  it('is the same whichever way it is written', () => {
    const numbers = [
      0,
      -0,
      7,
      10,
      99,
      100,
      2 ** 31,
      1e9 - 1,
      1e9,
      1e9 + 1,
      1.5e18,
      2 ** 53 - 1,
      2 ** 53,
      -1,
      0.1,
      1e21,
    ];
    const texts = [
      '',
      'a',
      '"',
      '\\',
      '\n',
      '\u007f',
      'é',
      '\u2028',
      '\ud800',
      '😀',
      'x'.repeat(63),
      'x'.repeat(64),
      'x'.repeat(65),
    ];
    // More than there is room for at first.
    const large = [...Array<number>(20_000).keys()];
    for (const value of [
      ...numbers,
      ...texts,
      ...texts.map((text) => ({ [text]: [text, text] })),
      large,
      'é'.repeat(50_000),
      [[], {}],
    ]) {
      const lines = new LineBytes();
      const written = writePlain(value, null, lines);
      const text = new Writer().write(value).replaceAll('\u2028', '\\u2028');
      expect([written, lines.text()]).toEqual(Object.is(value, -0) ? [false, ''] : [true, text]);
    }
  });

  it('may write something else while it is read', () => {
    const nosy = {
      a: 1,
      get b() {
        return encode({ c: 2 });
      },
      d: 3,
    };
    expect(encode(nosy)).toBe('{"a":1,"b":"{\\"c\\":2}","d":3}');
  });

  it('is read as JSON reads it, whoever wrote it', () => {
    expect(decode(' { "a" : [ 1 , { "$date" : null } ] } ')).toStrictEqual({ a: [1, new Date(NaN)] });
  });
});

it.each<[unknown, string]>([
  [new Date(0), '{"$date":"1970-01-01T00:00:00.000Z"}'],
  [new Date(NaN), '{"$date":null}'],
  [new Map([['a', 1]]), '{"$map":[["a",1]]}'],
  [new Set([1, 2]), '{"$set":[1,2]}'],
  [12345678901234567890n, '{"$bigint":"12345678901234567890"}'],
  [undefined, '{"$undefined":true}'],
  [{ a: undefined }, '{"a":{"$undefined":true}}'],
  [[1, , , undefined], '[1,{"$holes":2},{"$undefined":true}]'],
  [new Array(3), '[{"$holes":3}]'],
  [-0, '{"$number":"-0"}'],
  [[NaN, -Infinity], '[{"$number":"NaN"},{"$number":"-Infinity"}]'],
  [new URL('https://example.org/?a=1'), '{"$url":"https://example.org/?a=1"}'],
  [/a+/gi, '{"$regexp":["a+","gi"]}'],
  [new Uint8Array([0, 1, 255]), '{"$Uint8Array":"AAH/"}'],
  [new Float64Array([NaN, -0]), '{"$Float64Array":"AAAAAAAA+H8AAAAAAAAAgA=="}'],
  [new Uint16Array([1, 2, 3, 4]).subarray(1, 3), '{"$Uint16Array":"AgADAA=="}'],
  [new Uint8Array([7]).buffer, '{"$ArrayBuffer":"Bw=="}'],
  [new DataView(new Uint8Array([7, 8, 9]).buffer, 1), '{"$DataView":"CAk="}'],
  [JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ['a\u2028b\u2029c', String.raw`"a\u2028b\u2029c"`],
  ['\ud800', String.raw`"\ud800"`],
  [{ $date: 'mine' }, '{"$":{"$date":"mine"}}'],
  [{ $: { $: 1 } }, '{"$":{"$":{"$":{"$":1}}}}'],
  [{ $gt: 5, $lt: 9 }, '{"$gt":5,"$lt":9}'],
  ['{"$date":null}', '"{\\"$date\\":null}"'],
])('%o is written readably', (value, text) => {
  expect(encode(value)).toBe(text);
  expect(decode(text)).toStrictEqual(value);
});

it('keeps where a RegExp has stopped', () => {
  const regexp = /a/g;
  regexp.test('aa');
  expect(again(regexp)).toMatchObject({ lastIndex: 1 });
});

it('an own key __proto__ is a key beside tags too', () => {
  const read = again(JSON.parse('{"__proto__":{"x":1}, "b":{"$set":[]}}')) as object;
  expect(Object.keys(read)).toEqual(['__proto__', 'b']);
  const odd = again({ ['__proto__']: new Date(0) }) as object;
  expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
  expect(Object.entries(odd)).toEqual([['__proto__', new Date(0)]]);
});

describe('errors', () => {
  it('keep name, message, stack, cause and code', () => {
    class PaymentError extends Error {
      override name = 'PaymentError';
    }
    const error = Object.assign(new PaymentError('no funds', { cause: new TypeError('inner') }), { code: 'E_FUNDS' });
    const read = again(error) as Error & { code: string };
    expect(read).toBeInstanceOf(Error);
    expect({ name: read.name, message: read.message, stack: read.stack, code: read.code }).toEqual({
      name: 'PaymentError',
      message: 'no funds',
      stack: error.stack,
      code: 'E_FUNDS',
    });
    expect(read.cause).toBeInstanceOf(TypeError);
    expect(Object.keys(read)).toEqual(['code']);
  });

  it('without a cause have none, and with an undefined one have that', () => {
    expect(Object.hasOwn(again(new Error('a')) as Error, 'cause')).toBe(false);
    expect(Object.hasOwn(again(new Error('a', { cause: undefined })) as Error, 'cause')).toBe(true);
  });

  it('keep those that they are made of', () => {
    const read = again(new AggregateError([new RangeError('a'), 1n], 'several')) as AggregateError;
    expect(read).toBeInstanceOf(AggregateError);
    expect(read.errors).toStrictEqual([new RangeError('a'), 1n]);
  });

  it('leave out what clients hang on theirs', () => {
    const error = Object.assign(new Error('402'), { config: { headers: { authorization: 'Bearer x' } }, socket() {} });
    expect(encode(error)).not.toContain('Bearer');
  });

  it('of the library keep their codes, and those of the web their names', () => {
    const ours = refusal(() => encode(() => 1));
    expect(again(ours)).toMatchObject({ name: 'CodecError', code: 'RXB_CODEC' });
    const aborted = again(new DOMException('stop', 'AbortError')) as Error;
    expect(aborted).toBeInstanceOf(Error);
    expect([aborted.name, aborted.message]).toEqual(['AbortError', 'stop']);
  });
});

describe('instances', () => {
  it('of other realms are what they are', () => {
    const foreign: unknown = runInNewContext('({ at: new Date(5), map: new Map([[1, [new Error("far")]]]) })');
    expect(again(foreign)).toEqual({ at: new Date(5), map: new Map([[1, [new Error('far')]]]) });
  });

  it('of classes that extend ours come back as what they extend', () => {
    class Tags extends Set {}
    expect(again(new Tags([1]))).toStrictEqual(new Set([1]));
    expect(again(Buffer.from('abc'))).toStrictEqual(new Uint8Array([97, 98, 99]));
  });

  it('are what their toJSON says, read like anything else', () => {
    class Money {
      readonly #cents: bigint;
      constructor(cents: bigint) {
        this.#cents = cents;
      }
      toJSON(): object {
        return { cents: this.#cents };
      }
    }
    expect(again([new Money(5n)])).toStrictEqual([{ cents: 5n }]);
    expect(again({ toJSON: () => 'short' })).toBe('short');
    const hidden = Object.defineProperty({}, 'toJSON', { value: () => NaN });
    expect(again({ hidden })).toStrictEqual({ hidden: NaN });
    expect(again(Object.defineProperty([], 'toJSON', { value: () => 'a list' }))).toStrictEqual([]);
  });

  it('without a prototype come back as plain ones', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1, b: new Date(1) });
    expect(again(bare)).toStrictEqual({ a: 1, b: new Date(1) });
  });
});

describe('what cannot be written', () => {
  class Client {
    socket = 1;
  }
  const circle: Record<string, unknown> = { a: {} };
  (circle['a'] as Record<string, unknown>)['b'] = [circle];
  const deep: unknown = Array.from({ length: 5_000 }).reduce<unknown>((inner) => [inner], 1);

  it.each<[unknown, string, RegExp]>([
    [{ items: [1, { client: new Client() }] }, 'items[1].client', /instance of Client, which has no toJSON/],
    [{ 'a b': { run: () => 1 } }, '["a b"].run', /is a function/],
    [{ a: Symbol('x') }, 'a', /is a symbol/],
    [circle, 'a.b[0]', /contains itself/],
    [new Map([[1, { f: encode }]]), '[0].f', /is a function/],
    [new Map([['m', { f: encode }]]), 'm.f', /is a function/],
    [new Error('a', { cause: { f: encode } }), 'cause.f', /is a function/],
    [{ p: Promise.resolve() }, 'p', /instance of Promise/],
    [{ w: new WeakMap() }, 'w', /instance of WeakMap/],
    [{ n: Object(1) as object }, 'n', /instance of Number/],
    [{ b: new SharedArrayBuffer(1) }, 'b', /instance of SharedArrayBuffer/],
    [() => 1, '', /^The value is a function/],
  ])('%# is an error that names the place', (value, path, message) => {
    const error = refusal(() => encode(value));
    expect(error.details['path']).toBe(path);
    expect(error.message).toMatch(message);
  });

  it('names the root it was given', () => {
    const error = refusal(() => lossless({ items: [encode] }, { root: 'data' }));
    expect(error.details['path']).toBe('data.items[0]');
  });

  it('says so when a value cannot even be read', () => {
    const cause = new Error('closed');
    const value = {
      a: [
        {
          get b() {
            throw cause;
          },
        },
      ],
    };
    const error = refusal(() => encode(value));
    expect([error.details['path'], error.cause]).toEqual(['a[0].b', cause]);
    expect(refusal(() => encode(deep)).message).toContain('1000 levels deep');
  });

  it('is replaced where that was asked for, and only that', () => {
    const text = lossless({ a: [1, new Client(), encode, Symbol('s')], circle, when: new Date(0) }, { opaque: true });
    expect(text).toBe(
      '{"a":[1,{"$opaque":"Client"},{"$opaque":"Function"},{"$opaque":"Symbol"}],' +
        '"circle":{"a":{"b":[{"$opaque":"Circular"}]}},"when":{"$date":"1970-01-01T00:00:00.000Z"}}',
    );
    expect(decode(text)).toMatchObject({ a: [1, { $opaque: 'Client' }, { $opaque: 'Function' }, {}] });
    expect(lossless(deep, { opaque: true })).toContain('TooDeep');
    expect(lossless(new Proxy({}, { ownKeys: () => [1] as never }), { opaque: true })).toBe('{"$opaque":"Unreadable"}');
  });

  it('the same thing twice is no cycle', () => {
    const twice = { at: new Date(0) };
    expect(again([twice, twice])).toStrictEqual([twice, twice]);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['', /no JSON/],
    ['{"a":1}x', /no JSON/],
    ['{"$nobody":1}', /tag "\$nobody", which this version does not know/],
    ['{"$constructor":1}', /does not know/],
    ['{"a":[{"$bigint":"1.5"}]}', /no meaning behind the tag "\$bigint"/],
    ['{"$Uint8Array":"AA*="}', /no meaning behind/],
    ['{"$Float64Array":"AAE="}', /no meaning behind/],
    ['{"$map":[1]}', /no meaning behind/],
    ['{"$url":"nowhere"}', /no meaning behind/],
    ['{"$regexp":["(",""]}', /no meaning behind/],
  ])('%s is an error', (text, message) => {
    expect(refusal(() => decode(text)).message).toMatch(message);
  });
});
