import { CoordinationError } from '../../lib/errors.ts';

/** What an error of ours says, for the way between processes. */
export interface ShownError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export function shownError(error: unknown): ShownError {
  if (!(error instanceof CoordinationError)) throw error;
  const { name, code, message, hint, details } = error;
  return { name, code, message, hint, details };
}
