import { describe, expect, it } from 'vitest';
import { textLogger } from '../../lib/events/textLogger.ts';
import type { LogLevel } from '../../lib/log/settings.ts';

function lines(json: boolean, level: LogLevel = 'debug') {
  const written: string[] = [];
  const logger = textLogger({
    level,
    json,
    clock: { wall: () => 1_700_000_000_000 },
    write: (text) => written.push(text),
  });
  return { logger, written };
}

describe('lines for people', () => {
  it('say when, how grave, what, and the facts', () => {
    const { logger, written } = lines(false);
    logger.info({}, 'Ready.');
    logger.warn({ handler: 'save', lost: 2 }, 'Too slow.');
    expect(written).toEqual([
      '2023-11-14T22:13:20.000Z INFO  Ready.',
      '2023-11-14T22:13:20.000Z WARN  Too slow. {"handler":"save","lost":2}',
    ]);
  });

  it('have an error below them, with its stack', () => {
    const { logger, written } = lines(false);
    logger.error({ err: new TypeError('no') }, 'It failed.');
    logger.error({ err: 'a text' }, 'It failed.');
    expect(written[0]).toMatch(/^\S+ ERROR It failed\.\n {4}TypeError: no\n {4}at .+textLogger/);
    expect(written[1]).toMatch(/It failed\.\n {4}NonError: a text$/);
  });

  it('are not broken by what stands in names and messages', () => {
    const { logger, written } = lines(false);
    logger.info({ name: 'a\nb' }, 'one\n2023-11-14 ERROR forged \u001b[31m\u007f\u009b');
    expect(written[0]).toBe(
      '2023-11-14T22:13:20.000Z INFO  one\\n2023-11-14 ERROR forged \\u001b[31m\\u007f\\u009b {"name":"a\\nb"}',
    );
  });
});

describe('lines for machines', () => {
  it('are one object each, with errors as data', () => {
    const { logger, written } = lines(true);
    logger.error({ err: new Error('no', { cause: 'why' }), n: 5n, event: { name: 'a' } }, 'one\ntwo');
    expect(written).toHaveLength(1);
    expect(written[0]).not.toContain('\n');
    expect(JSON.parse(written[0]!)).toEqual({
      level: 'error',
      time: '2023-11-14T22:13:20.000Z',
      msg: 'one\ntwo',
      n: '5n',
      event: { name: 'a' },
      err: expect.objectContaining({
        name: 'Error',
        message: 'no',
        cause: expect.objectContaining({ message: 'why' }),
      }),
    });
  });
});

it.each([true, false])('facts that cannot be written cost themselves, not the line (json: %o)', (json) => {
  const { logger, written } = lines(json);
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  logger.warn({ cycle, good: 1, fn: () => 1, nothing: undefined }, 'Still here.');
  expect(written[0]).toContain('Still here.');
  expect(written[0]).toContain('"cycle":"an object","good":1}');
});

it.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
  ['silent', []],
] as const)('at %s it says %o', (level, said) => {
  const { logger, written } = lines(true, level);
  for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each);
  expect(written.map((text) => (JSON.parse(text) as { msg: string }).msg)).toEqual(said);
});
