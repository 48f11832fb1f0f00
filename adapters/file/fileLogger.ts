import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../lib/events/Coordinator.ts';
import { textLogger } from '../../lib/events/textLogger.ts';
import { hostClock, hostSay } from '../../lib/internal/env.ts';
import { expected, flag, knownOptions } from '../../lib/internal/options.ts';
import { settings, type LogLevel } from '../../lib/log/settings.ts';

export interface FileLoggerOptions {
  /** The least that it says. Default `'info'`. */
  readonly level?: LogLevel;
  /** One object of JSON a line, instead of text for people. Default `false`. */
  readonly json?: boolean;
}

/**
 * Makes a logger that adds its lines to a text file, which is made now, with the folders above it, if it is not there.
 *
 * A line is with the operating system when the call returns, since the last words of a program that crashes are those that
 * somebody will look for. The file may be moved away at any time: the next line makes a new one. When it cannot be written any
 * more, the logger says so on stderr, once, and goes on there.
 *
 * @throws ConfigError for an option that is unknown or makes no sense; what the file system says when it cannot be written now.
 * @example
 * ```ts
 * configure({ logger: fileLogger('logs/agents.log', { level: 'debug', json: true }) });
 * ```
 */
export function fileLogger(file: string, options: FileLoggerOptions = {}): Logger {
  if (typeof file !== 'string' || file === '') expected('The file of fileLogger()', 'a path', file);
  knownOptions('fileLogger()', options, ['level', 'json']);
  const level = settings.logLevel.check(options.level ?? 'info', 'fileLogger().level');
  const json = flag(options.json ?? false, 'fileLogger().json');
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, '');

  let write = (text: string): void => {
    try {
      appendFileSync(file, `${text}\n`);
    } catch (error) {
      hostSay(`The log file '${file}' cannot be written, its lines go here: ${(error as Error).message}`);
      write = hostSay;
      write(text);
    }
  };
  return textLogger({
    level,
    json,
    clock: hostClock,
    write: (text) => {
      write(text);
    },
  });
}
