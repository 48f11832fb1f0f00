import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from 'rxbaton';
import { closest } from '../../lib/internal/closest.ts';
import { readEnvironment } from '../../lib/log/environment.ts';
import { checkRedisUrl, maskUrl } from '../../lib/log/redisUrl.ts';
import { settingNames, settings } from '../../lib/log/settings.ts';
import { environment, restoresEnvironment } from '../support/environment.ts';

restoresEnvironment();

function mistake(variables: Record<string, string>): string {
  environment(variables);
  try {
    readEnvironment();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message + JSON.stringify((error as ConfigError).details);
  }
  throw new Error('It was accepted.');
}

describe('the environment', () => {
  it('sets nothing by itself', () => {
    environment({});
    expect(readEnvironment()).toEqual({});
  });

  it('sets each setting by its variable', () => {
    environment({
      RXBATON_BACKEND: 'File',
      RXBATON_DIRECTORY: 'events',
      RXBATON_REDIS_URL: 'rediss://cache:6380/1',
      RXBATON_REDIS_PASSWORD: 'pa ss',
      RXBATON_REDIS_DATABASE: '15',
      RXBATON_PREFIX: 'app:',
      RXBATON_DISABLE_PERSISTENCE: 'no',
      RXBATON_LOG_LEVEL: 'INFO',
      RXBATON_LOG_FILE: 'app.log',
      RXBATON_LOG_JSON: 'on',
    });
    expect(readEnvironment()).toEqual({
      backend: 'file',
      directory: 'events',
      redisUrl: 'rediss://cache:6380/1',
      redisPassword: 'pa ss',
      redisDatabase: 15,
      prefix: 'app:',
      disablePersistence: false,
      logLevel: 'info',
      logFile: 'app.log',
      logJson: true,
    });
  });

  it('knows a variable for each setting, each once', () => {
    const variables = settingNames.map((name) => settings[name].variable);
    expect(new Set(variables).size).toBe(10);
  });

  it.each(['true', '1', 'yes', 'on', 'enabled', 'TRUE', 'Yes', ' on '])('takes %o for true', (text) => {
    environment({ RXBATON_LOG_JSON: text, RXBATON_DISABLE_PERSISTENCE: text });
    expect(readEnvironment()).toEqual({ logJson: true, disablePersistence: true });
  });

  it.each(['false', '0', 'no', 'off', 'disabled'])('takes %o for false', (text) => {
    environment({ RXBATON_LOG_JSON: text });
    expect(readEnvironment()).toEqual({ logJson: false });
  });

  it('counts empty texts and blanks as unset, whatever their variable is called', () => {
    environment({ ...Object.fromEntries(settingNames.map((name) => [settings[name].variable, ' '])), RXBATON_X: '' });
    expect(readEnvironment()).toEqual({});
  });

  it('leaves the variables of other programs and of test suites alone', () => {
    environment({ RXBATON: 'x', XRXBATON_BACKEND: 'x', RXBATON_TEST_REDIS_URL: 'x' });
    expect(readEnvironment()).toEqual({});
    Reflect.deleteProperty(process.env, 'RXBATON_TEST_REDIS_URL');
  });

  it.each([
    ['RXBATON_BACKND', 'RXBATON_BACKEND'],
    ['RXBATON_DIR', 'RXBATON_DIRECTORY'],
    ['RXBATON_REDIS_PASWORD', 'RXBATON_REDIS_PASSWORD'],
    ['RXBATON_DISABLE_PERSISTANCE', 'RXBATON_DISABLE_PERSISTENCE'],
    ['RXBATON_LOGLEVEL', 'RXBATON_LOG_LEVEL'],
  ])('refuses %s and suggests %s', (wrong, right) => {
    expect(mistake({ [wrong]: 'x' })).toContain(`sets ${wrong}, and there is no such variable. Did you mean ${right}?`);
  });

  it('names all variables, since the nearest by letters may be another one', () => {
    const message = mistake({ RXBATON_REDIS_DB: 'x' });
    for (const name of settingNames) expect(message).toContain(settings[name].variable);
  });

  it.each([
    [
      'RXBATON_BACKEND',
      'inmemory',
      "one of 'memory', 'file', 'redis', 'none', not \"inmemory\". Did you mean 'memory'?",
    ],
    ['RXBATON_BACKEND', 'sqlite', "one of 'memory', 'file', 'redis', 'none', not \"sqlite\"."],
    ['RXBATON_REDIS_URL', 'localhost:6379', 'must be a URL with a host, beginning with redis:// or rediss://'],
    ['RXBATON_REDIS_URL', 'http://host', 'not http://host/'],
    ['RXBATON_REDIS_DATABASE', '16', 'an integer from 0 to 15, not 16'],
    ['RXBATON_REDIS_DATABASE', '-1', 'an integer from 0 to 15'],
    ['RXBATON_REDIS_DATABASE', '1e1', 'an integer from 0 to 15'],
    ['RXBATON_PREFIX', 'x'.repeat(51), 'a text of 1 to 50 characters'],
    ['RXBATON_DISABLE_PERSISTENCE', 'ja', 'one of true, 1, yes, on, enabled, false, 0, no, off, disabled, not "ja"'],
    ['RXBATON_LOG_JSON', '2', 'one of true'],
    ['RXBATON_LOG_LEVEL', 'warning', "Did you mean 'warn'?"],
  ])('refuses %s=%s', (name, value, says) => {
    const message = mistake({ [name]: value });
    expect(message).toContain(name);
    expect(message).toContain(says);
  });

  it('shows no password of a URL that it refuses', () => {
    for (const url of [
      'http://u:geheim@h',
      'redis:u:geheim@h',
      'geheim',
      'http://geheim@h',
      'http://h/?password=geheim',
    ])
      expect(mistake({ RXBATON_REDIS_URL: url })).not.toContain('geheim');
  });
});

describe('a Redis URL', () => {
  it('is shown without what is secret, and with the rest', () => {
    expect(maskUrl('redis://me:geheim@host:6379/2?tls=1&authToken=geheim')).toBe(
      'redis://me:***@host:6379/2?tls=1&authToken=***',
    );
    expect(maskUrl('redis://host:6379')).toBe('redis://host:6379');
  });

  it('never shows its password, whatever the password is', () => {
    const password = fc.stringMatching(/^[a-z0-9]{6,20}$/).map((text) => `~${text}`);
    fc.assert(
      fc.property(password, fc.constantFrom('redis', 'rediss', 'http', 'x'), (secret, scheme) => {
        for (const url of [`${scheme}://u:${secret}@h:1/0`, `${scheme}://${secret}@h`, `x:${secret}`, secret])
          expect(maskUrl(url)).not.toContain(secret);
      }),
    );
  });

  it('is kept as it was written', () => {
    expect(checkRedisUrl('rediss://me:geheim@HOST/2', 'url')).toBe('rediss://me:geheim@HOST/2');
    expect(() => checkRedisUrl(7, 'url')).toThrow(ConfigError);
  });
});

describe('closest', () => {
  it.each([
    ['memmory', 'memory'],
    ['fiel', 'file'],
    ['dir', 'directory'],
    ['MEMORY', 'memory'],
    ['kafka', undefined],
    ['', undefined],
  ])('takes %o for %o', (word, meant) => {
    expect(closest(word, ['memory', 'file', 'directory'])).toBe(meant);
  });

  it('finds a word again in which two letters were swapped, one was lost or one came in', () => {
    const words = settingNames.map((name) => settings[name].variable);
    fc.assert(
      fc.property(fc.constantFrom(...words), fc.nat(), fc.constantFrom('swap', 'lose', 'add'), (word, n, how) => {
        const at = n % (word.length - 1);
        const [before, a, b, after] = [word.slice(0, at), word[at]!, word[at + 1]!, word.slice(at + 2)];
        const wrong = before + { swap: b + a, lose: a, add: `${a}Q${b}` }[how] + after;
        expect(closest(wrong, words)).toBe(word);
      }),
    );
  });
});
