import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { firstValueFrom, of, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { acquire, createCoordinator, memoryLog, mutex, persist, quota, secret, type Coordinator } from 'rxbaton';
import { fileLog } from 'rxbaton/adapters/file';
import { persistTo } from 'rxbaton/operators';
import { textLogger } from '../../lib/events/textLogger.ts';
import { show } from '../../lib/internal/options.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { show as showInTests } from '../../lib/testing/show.ts';

const hidden = 'hush-4711';

it('reveals its value to whoever asks by name', () => {
  const value = { key: hidden };
  expect(secret(value).reveal()).toBe(value);
  expect(secret(null).reveal()).toBe(null);
});

it('is [secret] in every text', () => {
  const key = secret(hidden);
  expect(String(key)).toBe('[secret]');
  expect(`the ${key as unknown as string}`).toBe('the [secret]');
  expect('the ' + (key as unknown as string)).toBe('the [secret]');
  expect(JSON.stringify({ key })).toBe('{"key":"[secret]"}');
  expect(losslessCodec.encode([key, new Map([[key, key]])])).toBe('["[secret]",{"$map":[["[secret]","[secret]"]]}]');
  expect(inspect({ key })).toBe('{ key: [secret] }');
  expect(show(key)).toBe('"[secret]"');
});

it('goes through events and calls as it is', async () => {
  const coordinator: Coordinator = createCoordinator({ freeze: true });
  const key = secret(hidden);
  const seen: unknown[] = [];
  coordinator.when('made', (data: { key: typeof key }) => seen.push(data.key.reveal()));
  coordinator.emit('made', { key });
  expect(seen).toEqual([hidden]);
  expect(await coordinator.coordinate('call', (given: typeof key) => given)(key)).toBe(key);
});

it('is in nothing that the library writes, says or shows', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-secret-'));
  const said: string[] = [];
  const note = (value: unknown): void => {
    said.push(
      inspect(value, { depth: 20, showHidden: true }),
      inspect(value, { depth: 20, showHidden: true, customInspect: false, getters: true }),
      format('%s %o %j %O', value, value, value, value),
      String(value),
      serialize(structuredClone({ value: typeof value === 'function' ? '' : plain(value) })).toString('latin1'),
      showInTests(value),
    );
  };
  // Errors and events are cloned; what they carry that cannot be cloned is not of interest here.
  const plain = (value: unknown): unknown => {
    try {
      return structuredClone(value);
    } catch {
      return null;
    }
  };
  const write = (text: string): void => {
    said.push(text);
  };
  const key = secret(hidden);
  const deep = { key, list: [key], map: new Map([['key', key]]), error: new Error('with it', { cause: key }) };
  const loggers = [false, true].map((json) => textLogger({ level: 'debug', json, clock: { wall: () => 0 }, write }));
  const coordinator: Coordinator = createCoordinator({
    logger: {
      debug: (facts, message) => loggers.forEach((logger) => logger.debug(facts, message)),
      info: (facts, message) => loggers.forEach((logger) => logger.info(facts, message)),
      warn: (facts, message) => loggers.forEach((logger) => logger.warn(facts, message)),
      error: (facts, message) => loggers.forEach((logger) => logger.error(facts, message)),
    },
    onError: note,
  });
  const log = await fileLog({ directory, fsync: 'never' });
  const memory = memoryLog();
  try {
    persist(coordinator, log, { names: ['*', 'rxbaton.*'] });
    persist(coordinator, memory, { names: ['*', 'rxbaton.*'] });
    coordinator.when(/^(rxbaton\.)?/, (_, event) => note(event));
    coordinator.when('made', () => {
      throw Object.assign(new Error(`handler with ${String(key)}`, { cause: deep }), { deep });
    });
    coordinator.emit('made', deep, { sender: String(key) });
    coordinator.emit('unwritable', { ...deep, fn: () => key });
    const fails = coordinator.coordinate('call', (given: unknown) => {
      throw given;
    });
    await fails(deep).catch(note);
    await fails(key).catch(note);
    await coordinator.coordinate('echo', (given: unknown) => given)(deep);
    for (const mistake of [
      () => mutex(key as never),
      () => quota('q', { limit: key as never, per: '1h' }),
      () => acquire(mutex('m'), { cost: key as never }),
      () => acquire(mutex('m'), { [String(key)]: 1 }),
      () => coordinator.when(key as never),
      () => coordinator.emit(key as never),
      () => coordinator.emit('a', 1, { sender: key as never }),
      () => persist(coordinator, key as never),
      () => persist(coordinator, memory, { redact: [key as never] }),
      () => createCoordinator({ context: key as never }),
    ]) {
      try {
        note(mistake());
      } catch (error) {
        note(error);
        note((error as Error).stack);
      }
    }
    await firstValueFrom(of(deep).pipe(persistTo(log, { stream: 'values' }), toArray())).then(note);
    note(coordinator);
    await coordinator.settled();
    await firstValueFrom(memory.read('events').pipe(toArray())).then(note);
    await coordinator.close();
    await log.close();
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) said.push(readFileSync(join(file.parentPath, file.name), 'latin1'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  expect(said.length).toBeGreaterThan(100);
  expect(said.join('\n')).toContain('[secret]');
  expect(said.filter((text) => text.includes(hidden))).toEqual([]);
});
