import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConfigError } from 'rxbaton';
import { fileLogger } from 'rxbaton/adapters/file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rxbaton-logger-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it('adds lines to a file, with the folders above it, and they are there at once', () => {
  const file = join(folder, 'deep/er/app.log');
  fileLogger(file).info({ n: 1 }, 'One.');
  fileLogger(file).warn({}, 'Two.');
  expect(readFileSync(file, 'utf8')).toMatch(/^\S+Z INFO {2}One\. \{"n":1\}\n\S+Z WARN {2}Two\.\n$/);
});

it('says `info` and more by default, and what `level` and `json` ask for', () => {
  const file = join(folder, 'app.log');
  const usual = fileLogger(file);
  usual.debug({}, 'no');
  expect(statSync(file).size).toBe(0);
  fileLogger(file, { level: 'debug', json: true }).debug({ n: 1 }, 'yes');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ level: 'debug', msg: 'yes', n: 1 });
});

it('makes a new file when the old one was moved away', () => {
  const file = join(folder, 'app.log');
  const logger = fileLogger(file);
  logger.info({}, 'One.');
  renameSync(file, `${file}.1`);
  logger.info({}, 'Two.');
  expect(readFileSync(file, 'utf8')).toContain('Two.');
  expect(readFileSync(`${file}.1`, 'utf8')).toContain('One.');
});

it('goes on at stderr when the file cannot be written any more, and says so once', () => {
  const inner = join(folder, 'inner');
  const logger = fileLogger(join(inner, 'app.log'));
  rmSync(inner, { recursive: true });
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  logger.info({}, 'One.');
  logger.info({}, 'Two.');
  expect(said.mock.calls.map(([line]) => line as string)).toEqual([
    expect.stringMatching(/^The log file '.+app\.log' cannot be written, its lines go here: ENOENT/),
    expect.stringContaining('One.'),
    expect.stringContaining('Two.'),
  ]);
});

it.each([
  ['', {}, 'must be a path'],
  ['a.log', { levl: 'info' }, "fileLogger() has no option 'levl'"],
  ['a.log', { level: 'warning' }, "Did you mean 'warn'?"],
  ['a.log', { json: 'yes' }, 'must be true or false'],
])('refuses %o with %o', (file, options, message) => {
  const path = file === '' ? '' : join(folder, file);
  expect(() => fileLogger(path, options as never)).toThrow(message);
  expect(() => fileLogger(path, options as never)).toThrow(ConfigError);
  if (path !== '') expect(() => statSync(path)).toThrow('ENOENT');
});

it('throws at once when the file cannot be made', () => {
  expect(() => fileLogger(folder)).toThrow('EISDIR');
});
