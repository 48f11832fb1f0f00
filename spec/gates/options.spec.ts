import { describe, expect, it } from 'vitest';
import { acquire, ConfigError, cyclicBarrier, enter, hold, mutex, quota, rateLimiter, run, semaphore } from 'rxbaton';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

/** A call that must be refused, and how its message has to begin. */
type Refusal = readonly [what: string, call: () => unknown, message: string];

const bad = (value: unknown): never => value as never;
const durations = [0, -1, NaN, Infinity, '5', '5 s', '-5s', 'soon', null, {}, 5n];
const shown = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));

const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  mutex: [
    ...['', 5, null, undefined].map((name): Refusal => [
      `name ${shown(name)}`,
      () => mutex(bad(name)),
      'The name of a mutex must be a non-empty string',
    ]),
    ...durations.map((ttl): Refusal => [
      `ttl ${shown(ttl)}`,
      () => mutex('db', { ttl: bad(ttl) }),
      "mutex('db').ttl must be a positive duration",
    ]),
    ['renew 1', () => mutex('db', { ttl: 5, renew: bad(1) }), "mutex('db').renew must be true or false, not 1."],
    ['renew without ttl', () => mutex('db', { renew: false }), "mutex('db').ttl must be given where renew is"],
    [
      'reentrant',
      () => mutex('db', { reentrant: bad('yes') }),
      `mutex('db').reentrant must be true or false, not "yes".`,
    ],
    [
      'an unknown option',
      () => mutex('db', bad({ permits: 2 })),
      "mutex('db') has no option 'permits'. It has: ttl, renew, reentrant.",
    ],
    ['no options object', () => mutex('db', bad(5)), "mutex('db') takes an object of options, not 5."],
    ['null for options', () => mutex('db', bad(null)), "mutex('db') takes an object of options, not null."],
  ],
  semaphore: [
    ...[0, -1, 1.5, NaN, Infinity, '3', undefined].map((permits): Refusal => [
      `permits ${String(permits)}`,
      () => semaphore('pool', { permits: bad(permits) }),
      "semaphore('pool').permits must be a positive integer",
    ]),
    ['no options', () => semaphore('pool', bad(undefined)), "semaphore('pool') takes an object of options"],
    [
      'an unknown option',
      () => semaphore('pool', bad({ permits: 1, limit: 2 })),
      "semaphore('pool') has no option 'limit'. It has: permits, ttl, renew.",
    ],
    ['ttl', () => semaphore('pool', { permits: 1, ttl: 0 }), "semaphore('pool').ttl must be a positive duration"],
    [
      'renew',
      () => semaphore('pool', { permits: 1, ttl: 5, renew: bad(0) }),
      "semaphore('pool').renew must be true or false",
    ],
  ],
  quota: [
    ...[0, -1, NaN, Infinity, '3', undefined].map((limit): Refusal => [
      `limit ${String(limit)}`,
      () => quota('q', { limit: bad(limit), per: 5 }),
      "quota('q').limit must be a positive number",
    ]),
    ...durations.map((per): Refusal => [
      `per ${shown(per)}`,
      () => quota('q', { limit: 1, per: bad(per) }),
      "quota('q').per must be a positive duration",
    ]),
    ['no per', () => quota('q', bad({ limit: 1 })), "quota('q').per must be a positive duration"],
    ...[NaN, Infinity, new Date(NaN), 'soon'].map((anchor): Refusal => [
      `anchor ${String(anchor)}`,
      () => quota('q', { limit: 1, per: 5, anchor: bad(anchor) }),
      "quota('q').anchor must be a Date or milliseconds since 1970",
    ]),
    [
      'an unknown option',
      () => quota('q', bad({ limit: 1, per: 5, burst: 1 })),
      "quota('q') has no option 'burst'. It has: limit, per, anchor.",
    ],
  ],
  cyclicBarrier: [
    ...[0, -1, 1.5, NaN, '2', undefined].map((parties): Refusal => [
      `parties ${String(parties)}`,
      () => cyclicBarrier('b', { parties: bad(parties) }),
      "cyclicBarrier('b').parties must be a positive integer",
    ]),
    [
      'timeout',
      () => cyclicBarrier('b', { parties: 2, timeout: 0 }),
      "cyclicBarrier('b').timeout must be a positive duration",
    ],
    [
      'onLeave',
      () => cyclicBarrier('b', { parties: 2, onLeave: bad('wait') }),
      "cyclicBarrier('b').onLeave must be one of 'break', 'forget'",
    ],
    [
      'an unknown option',
      () => cyclicBarrier('b', bad({ parties: 2, ttl: 5 })),
      "cyclicBarrier('b') has no option 'ttl'. It has: parties, timeout, onLeave.",
    ],
  ],
  rateLimiter: [
    ...[0, -1, NaN, Infinity, '3', undefined].map((limit): Refusal => [
      `limit ${String(limit)}`,
      () => rateLimiter('api', { limit: bad(limit), per: 5 }),
      "rateLimiter('api').limit must be a positive number",
    ]),
    ...durations.map((per): Refusal => [
      `per ${shown(per)}`,
      () => rateLimiter('api', { limit: 1, per: bad(per) }),
      "rateLimiter('api').per must be a positive duration",
    ]),
    [
      'strategy',
      () => rateLimiter('api', { limit: 1, per: 5, strategy: bad('bucket') }),
      "rateLimiter('api').strategy must be one of 'sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket', not \"bucket\".",
    ],
    ...(['sliding-window', 'fixed-window', 'leaky-bucket'] as const).map((strategy): Refusal => [
      `burst of a ${strategy}`,
      () => rateLimiter('api', { limit: 1, per: 5, strategy, burst: 3 }),
      "rateLimiter('api').burst must be left out, since only a 'token-bucket' has one",
    ]),
    [
      'burst 0',
      () => rateLimiter('api', { limit: 1, per: 5, strategy: 'token-bucket', burst: 0 }),
      "rateLimiter('api').burst must be a positive number",
    ],
    ...(['token-bucket', 'fixed-window', 'leaky-bucket'] as const).map((strategy): Refusal => [
      `from: release of a ${strategy}`,
      () => rateLimiter('api', { limit: 1, per: 5, strategy, from: 'release' }),
      "rateLimiter('api').from must be 'dispatch', since only a 'sliding-window' counts from the release",
    ]),
    [
      'from',
      () => rateLimiter('api', { limit: 1, per: 5, from: bad('start') }),
      "rateLimiter('api').from must be one of 'dispatch', 'release'",
    ],
    [
      'an unknown option',
      () => rateLimiter('api', bad({ limit: 1, per: 5, interval: 3 })),
      "rateLimiter('api') has no option 'interval'. It has: limit, per, strategy, burst, from.",
    ],
  ],
};

describe.each(Object.entries(refusals))('%s refuses', (_, cases) => {
  it.each(cases)('%s', async (_what, call, message) => {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message.slice(0, message.length)).toBe(message);
  });
});

describe('descriptions', () => {
  it('are plain data with every setting spelt out', () => {
    const specs = [
      mutex('db'),
      mutex('db', { ttl: '30s', renew: false, reentrant: true }),
      semaphore('pool', { permits: 3, ttl: '5m' }),
      quota('q', { limit: 16, per: '1h', anchor: new Date(500) }),
      cyclicBarrier('b', { parties: 5 }),
      rateLimiter('api', { limit: 10, per: '1s' }),
      rateLimiter('api', { limit: 10, per: '250ms', strategy: 'token-bucket', burst: 2 }),
    ];
    expect(specs).toEqual([
      { kind: 'mutex', name: 'db', ttl: Infinity, renew: true, reentrant: false },
      { kind: 'mutex', name: 'db', ttl: 30_000, renew: false, reentrant: true },
      { kind: 'semaphore', name: 'pool', permits: 3, ttl: 300_000, renew: true },
      { kind: 'quota', name: 'q', limit: 16, per: 3_600_000, anchor: 500 },
      { kind: 'barrier', name: 'b', parties: 5, timeout: Infinity, onLeave: 'break' },
      { kind: 'limiter', name: 'api', strategy: 'sliding-window', limit: 10, per: 1_000, burst: 10, from: 'dispatch' },
      { kind: 'limiter', name: 'api', strategy: 'token-bucket', limit: 10, per: 250, burst: 2, from: 'dispatch' },
    ]);
    expect(structuredClone(specs)).toEqual(specs);
  });
});

describe('a request refuses', () => {
  const wishes: readonly (readonly [what: string, options: object, message: string])[] = [
    ...[0, -1, NaN, Infinity, '2', null].map(
      (cost) => [`cost ${String(cost)}`, { cost }, '.cost must be a positive number'] as const,
    ),
    ...[-1, NaN, '5', 'soon', null].map(
      (timeout) => [`timeout ${String(timeout)}`, { timeout }, '.timeout must be a duration'] as const,
    ),
    ...[-4097, 4096, 0.5, NaN, Infinity, '1', null].map(
      (priority) =>
        [`priority ${String(priority)}`, { priority }, '.priority must be an integer from -4096 to 4095'] as const,
    ),
    ...[{}, 'abort', null, new AbortController()].map(
      (signal) => [`signal ${shown(signal)}`, { signal }, '.signal must be an AbortSignal'] as const,
    ),
    ...[5, null, {}].map((label) => [`label ${shown(label)}`, { label }, '.label must be a string'] as const),
    ...[5, null, {}].map((key) => [`key ${shown(key)}`, { key }, '.key must be a string'] as const),
    [
      'an unknown option',
      { time: 5 },
      " has no option 'time'. It has: cost, timeout, signal, priority, owner, label, key.",
    ],
    ['options that are none', 5 as never, ' takes an object of options, not 5.'],
  ];
  const faces: readonly (readonly [name: string, call: (options: never) => unknown])[] = [
    ['acquire()', (options) => acquire('db', options)],
    ['acquire()', (options) => hold(acquire('db', options), () => [])],
    ['run()', (options) => run('db', options, () => 1)],
    ['enter()', (options) => enter('db', options)],
  ];

  it.each(wishes)('%s, in every face and at once', async (_, options, message) => {
    for (const [name, call] of faces) {
      const error = await errorOf(() => gateWorld().within(() => call(options as never)));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message.slice(0, name.length + message.length)).toBe(`${name}${message}`);
    }
  });

  it.each([5, {}, { fence: 1 }, null, 'me'])('an owner that is no grant of ours: %o', async (owner) => {
    for (const [, call] of faces) {
      const error = await errorOf(() => gateWorld().within(() => call({ owner } as never)));
      expect(error.message).toMatch(/owner must be a grant of this library/);
    }
  });

  it.each([5, {}, null, undefined, [], () => 'db', Symbol('db')])('what is no gate: %o', async (gate) => {
    const calls = [() => acquire(gate as never), () => run(gate as never, () => 1), () => enter(gate as never)];
    for (const call of calls) {
      const error = await errorOf(() => gateWorld().within<unknown>(call));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toMatch(
        /^\w+\(\) needs a gate: a description, a live gate or a name, not .*For example mutex\('db'\)/,
      );
    }
  });

  it.each([
    [mutex('db'), 2, 'db', 1],
    [semaphore('pool', { permits: 3 }), 4, 'pool', 3],
    [quota('hours', { limit: 16, per: '1h' }), 16.5, 'hours', 16],
    [rateLimiter('api', { limit: 10, per: '1s' }), 11, 'api', 10],
    [cyclicBarrier('meet', { parties: 3 }), 2, 'meet', 1],
  ])('what can never be had: more than all of %o', (spec, cost, name, capacity) => {
    const { ask, state } = gateWorld();
    expect(ask(spec, { cost }).error).toMatchObject({
      code: 'RXB_LIMIT_IMPOSSIBLE',
      message: `${cost} of ${name} can never be had at once: it has ${capacity}. Ask for at most ${capacity}, or raise its limit.`,
    });
    expect([state(spec).waiting, state(spec).holders]).toEqual([[], []]);
  });
});

describe('change refuses', () => {
  const gates = {
    mutex: mutex('db'),
    semaphore: semaphore('pool', { permits: 3 }),
    quota: quota('q', { limit: 5, per: 100 }),
    barrier: cyclicBarrier('meet', { parties: 3 }),
    window: rateLimiter('api', { limit: 5, per: 100 }),
    bucket: rateLimiter('api', { limit: 5, per: 100, strategy: 'token-bucket' }),
  };
  it.each<[kind: keyof typeof gates, patch: object, message: string]>([
    ['mutex', { permits: 2 }, "change('db') has no option 'permits'. It has: pauseUntil."],
    ['mutex', { ttl: 5 }, "change('db') has no option 'ttl'."],
    ['semaphore', { permits: 0 }, "change('pool').permits must be a positive integer, not 0."],
    ['semaphore', { permits: 1.5 }, "change('pool').permits must be a positive integer, not 1.5."],
    ['semaphore', { limit: 2 }, "change('pool') has no option 'limit'. It has: permits, pauseUntil."],
    ['quota', { limit: -1 }, "change('q').limit must be a positive number, not -1."],
    ['quota', { per: 0 }, "change('q').per must be a positive duration, not 0."],
    ['quota', { anchor: 5 }, "change('q') has no option 'anchor'. It has: limit, per, pauseUntil."],
    ['barrier', { parties: 0 }, "change('meet').parties must be a positive integer, not 0."],
    ['barrier', { timeout: 5 }, "change('meet') has no option 'timeout'. It has: parties, pauseUntil."],
    ['window', { limit: NaN }, "change('api').limit must be a positive number, not NaN."],
    ['window', { per: 'soon' }, 'change(\'api\').per must be a positive duration, not "soon".'],
    ['window', { burst: 3 }, "change('api').burst is for a 'token-bucket', and 'api' is a 'sliding-window'."],
    ['bucket', { burst: 0 }, "change('api').burst must be a positive number, not 0."],
    ['window', { pauseUntil: NaN }, "change('api').pauseUntil must be a Date or milliseconds since 1970, not NaN."],
    [
      'window',
      { pauseUntil: 'soon' },
      'change(\'api\').pauseUntil must be a Date or milliseconds since 1970, not "soon".',
    ],
    ['window', 5 as never, "change('api') takes an object of options, not 5."],
  ])('of a %s: %o', async (kind, patch, message) => {
    const { open, ask, state } = gateWorld();
    const gate = open(gates[kind]);
    const before = state(gate);
    const error = await errorOf(() => gate.change(patch));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message.slice(0, message.length)).toBe(message);
    expect(state(gate)).toEqual(before);
    expect(ask(gate).fate).not.toBe('RXB_CONFIG');
  });

  it.each([0, -5, NaN, 'soon', null])('and extend, a duration that is none: %o', (duration) => {
    const { ask } = gateWorld();
    const { grant } = ask(mutex('db', { ttl: 50, renew: false }));
    expect(() => grant.extend(duration as never)).toThrow(/^db: extend\(\) must be a positive duration/);
  });
});
