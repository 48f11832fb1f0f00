import { hostClock, hostSay } from '../internal/env.ts';
import type { Environment } from '../log/environment.ts';
import { fileAdapter } from '../log/fileAdapter.ts';
import { settings, type LogLevel } from '../log/settings.ts';
import type { Logger } from './Coordinator.ts';
import { textLogger } from './textLogger.ts';

/** The level that holds: who says where or how to log wants to see something. */
export const effectiveLevel = ({ logLevel, logFile, logJson }: Environment): LogLevel =>
  logLevel ?? (logFile !== undefined || logJson === true ? 'info' : settings.logLevel.fallback);

/** The logger that the environment asks for, if it asks for one. */
export function environmentLogger(environment: Environment): Logger | undefined {
  const level = effectiveLevel(environment);
  if (level === 'silent') return undefined;
  const { logFile, logJson: json = false } = environment;
  const toStderr = textLogger({ level, json, clock: hostClock, write: hostSay });
  if (logFile === undefined) return toStderr;
  const toFile = fileAdapter().then(({ fileLogger }) => fileLogger(logFile, { level, json }));
  return later(
    toFile.catch((error: unknown) => {
      toStderr.error({ err: error }, `The log file '${logFile}' cannot be opened: its lines go here.`);
      return toStderr;
    }),
  );
}

/** A logger that is still being made: what is said until then waits for it, in order. */
function later(made: Promise<Logger>): Logger {
  let logger: Logger | null = null;
  const early: ((logger: Logger) => void)[] = [];
  void made.then((ready) => {
    logger = ready;
    for (const say of early.splice(0)) say(ready);
  });
  const at =
    (level: keyof Logger): Logger[keyof Logger] =>
    (facts, message) => {
      if (logger === null) early.push((ready) => ready[level](facts, message));
      else logger[level](facts, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
