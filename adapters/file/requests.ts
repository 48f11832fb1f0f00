/**
 * What goes through the inbox of a log. Another process puts a file of requests into the directory `inbox`, a line each, and the
 * writer of the log puts a file of answers beside it, a line each in the same order, and removes the requests. Both appear in one
 * step, by a change of name. All that is asked may be asked again, when an answer was lost with its writer.
 */
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as errors from '../../lib/errors.ts';
import { CoordinationError, LogUnavailableError, type CoordinationErrorOptions } from '../../lib/errors.ts';
import type { AppendOptions } from '../../lib/log/EventLog.ts';
import type { Renewals } from '../../lib/log/requests.ts';

export type Request =
  | {
      readonly ask: 'append';
      readonly stream: string;
      /** The events, encoded. */
      readonly texts: readonly string[];
      readonly options: AppendOptions;
    }
  | { readonly ask: 'renew'; readonly leases: Renewals }
  | { readonly ask: 'trim'; readonly stream: string; readonly before: number; readonly force: boolean }
  | { readonly ask: 'remove'; readonly stream: string; readonly expectedSeq: number };

export type Answer = { readonly done: unknown } | { readonly refused: Refusal };

interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const requestEnd = '.request.jsonl';
const answerEnd = '.answer.jsonl';

export const inboxOf = (directory: string): string => join(directory, 'inbox');

/** In the order of time, as far as clocks agree; those of one process in any case. */
export const newName = (now: number, count: number, id: string): string =>
  `${String(Math.floor(now)).padStart(15, '0')}-${String(count).padStart(9, '0')}-${id}`;

/** When somebody asked. */
export const timeOf = (name: string): number => Number(name.slice(0, 15));

export const requestFile = (name: string): string => `${name}${requestEnd}`;
export const answerFile = (name: string): string => `${name}${answerEnd}`;

/** The name in `name.request.jsonl` or `name.answer.jsonl`; `null` for other files. */
export const requestIn = (file: string): string | null =>
  file.endsWith(requestEnd) ? file.slice(0, -requestEnd.length) : null;
export const answerIn = (file: string): string | null =>
  file.endsWith(answerEnd) ? file.slice(0, -answerEnd.length) : null;

/** Puts lines into a file that is there with all of them or not at all. Nobody relies on it before it was answered. */
export async function post(path: string, lines: readonly unknown[]): Promise<void> {
  const draft = `${path}.${randomUUID()}.new`;
  await writeFile(draft, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await rename(draft, path);
}

export const linesOf = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));

/** An error for the way to another process. */
export function refusal(error: unknown): Refusal {
  if (!(error instanceof CoordinationError)) {
    return { name: 'LogUnavailableError', message: String(error), details: { outcome: 'unknown' } };
  }
  const { name, hint, details } = error;
  const message = hint === undefined ? error.message : error.message.slice(0, -hint.length - 1);
  return { name, message, details, ...(hint !== undefined && { hint }) };
}

type ErrorClass = new (message: string, options: CoordinationErrorOptions) => CoordinationError;

/** The error that was a refusal on its way. */
export function errorOf({ name, message, hint, details = {} }: Refusal): CoordinationError {
  const known = (errors as unknown as Readonly<Record<string, ErrorClass | undefined>>)[name];
  return new (known ?? LogUnavailableError)(message, { details, ...(hint !== undefined && { hint }) });
}
