import { CoordinationError, LogUnavailableError } from '../../lib/errors.ts';
import { codeOf } from './disk.ts';

const causes: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Make room; the log goes on by itself.'],
  EDQUOT: ['the quota of the disk is used up', 'Make room; the log goes on by itself.'],
  EFBIG: ['the file may not become larger', 'Raise the limit of the process, or choose smaller `segmentBytes`.'],
  EIO: ['the disk has failed', 'Look at the disk: what was acknowledged is there, what comes next may not be.'],
  EACCES: ['the permission is missing', 'Let this user read and write the directory and its files.'],
  EPERM: ['the permission is missing', 'Let this user read and write the directory and its files.'],
  EROFS: ['the file system is read-only', 'Open it with `readOnly: true`, or mount it for writing.'],
  ENOENT: ['it is not there', 'Bring it back, or open a new log.'],
  EEXIST: ['there is a file of that name', 'Give the path of a directory.'],
  ENOTDIR: ['part of its path is no directory', 'Give the path of a directory.'],
  EMFILE: ['this process has too many files open', 'Raise the limit of open files.'],
};

/** What the file system has said, as an error of the log; our own errors stay what they are. */
export function unavailable(error: unknown, path: string, outcome: 'not-applied' | 'unknown'): CoordinationError {
  if (error instanceof CoordinationError) return error;
  const code = codeOf(error);
  const [what, hint] = causes[code ?? ''] ?? [error instanceof Error ? error.message : String(error)];
  return new LogUnavailableError(
    `The log in ${path} cannot be used: ${what}${code === undefined ? '' : ` (${code})`}.`,
    {
      ...(hint !== undefined && { hint }),
      details: { path, outcome, code },
      cause: error,
    },
  );
}
