import { printable } from '../internal/printable.ts';
import type { LogLevel } from '../log/settings.ts';
import type { Logger } from './Coordinator.ts';
import { errorData } from './errorData.ts';

export interface TextLoggerOptions {
  /** The least that it says. */
  readonly level: LogLevel;
  /** One object of JSON a line, instead of text for people. */
  readonly json: boolean;
  /** Its `wall` says milliseconds since 1970. */
  readonly clock: { wall(): number };
  /** Takes what is to be written, without the newline behind it. */
  readonly write: (text: string) => void;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

const quiet = (): void => undefined;

/** A logger that makes lines. What cannot be written of the facts is left out, never the line. */
export function textLogger({ level, json, clock, write }: TextLoggerOptions): Logger {
  const line = json ? jsonLine : textLine;
  const at = (own: keyof Logger): Logger[keyof Logger] =>
    ranks[own] < ranks[level]
      ? quiet
      : (facts, message) => {
          write(line(own, new Date(clock.wall()).toISOString(), facts, message));
        };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(level: string, time: string, facts: object, msg: string): string {
  return JSON.stringify({ level, time, msg, ...plain(facts) });
}

function textLine(level: string, time: string, facts: object, message: string): string {
  const { err, ...others } = facts as { readonly err?: unknown };
  const rest = plain(others);
  const shown = Object.keys(rest).length === 0 ? '' : ` ${printable(JSON.stringify(rest))}`;
  const head = `${time} ${level.toUpperCase().padEnd(5)} ${printable(message)}${shown}`;
  if (!('err' in facts)) return head;
  const { name, message: what, stack } = errorData(err);
  const text = stack === '' ? `${name}: ${what}` : stack;
  return [head, ...text.split('\n').map((each) => `    ${printable(each).trimStart()}`)].join('\n');
}

/** The facts as JSON can say them. */
function plain(facts: object): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(facts)) {
    try {
      const text = JSON.stringify(value, word) as string | undefined;
      if (text !== undefined) said[key] = JSON.parse(text) as unknown;
    } catch {
      // A cycle, or a getter that throws.
      said[key] = 'an object';
    }
  }
  return said;
}

function word(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Error ? errorData(value) : value;
}
