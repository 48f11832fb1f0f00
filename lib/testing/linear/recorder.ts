import { knownOptions } from '../../internal/options.ts';
import type { Time } from './sequential.ts';

export interface RecorderOptions {
  /** Who asks. The same name may be used again by the next life of a process. */
  readonly process: string | number;
  /** One clock for all processes, in nanoseconds: `process.hrtime.bigint` on one host. */
  readonly now: () => Time;
  /** Takes a line, at best until a kill of the process cannot undo it: `(line) => appendFileSync(file, line)`. */
  readonly write: (line: string) => void;
}

export interface Recording<R, Result> {
  readonly gate?: string;
  /** What the value says. Default: nothing was heard, but it is over. */
  readonly result?: (value: R) => Result;
  /** What an error says, if it says what has happened. Default, and for `undefined`: the outcome stays unknown. */
  readonly refused?: (error: unknown) => Result | undefined;
}

/** Does the work, and notes when it was called and when it returned. `work` gets `queued`, to call once it is known to wait. */
export type RecordOperation<Op, Result> = <R>(
  op: Op,
  work: (queued: () => void) => R | Promise<R>,
  recording?: Recording<R, Result>,
) => Promise<R>;

/** A line of a recording. */
export interface Line {
  readonly process: string | number;
  /** Which operation of the process. */
  readonly n: number;
  readonly gate?: string;
  readonly op?: unknown;
  /** Bigints as strings of digits. */
  readonly call?: number | string;
  readonly queued?: number | string;
  readonly return?: number | string;
  readonly result?: unknown;
}

/**
 * Records operations as lines of JSON, which `historyOf` reads: one before the call, one after the return, so that of a
 * process that was killed between the two it is known that it asked.
 *
 * What the work throws is thrown again. An error leaves the outcome unknown, unless `refused` knows better: after a timeout
 * or an abort the request may still take effect, after a refusal because the gate was busy it does not.
 *
 * @throws ConfigError for unknown options.
 * @example In each worker
 * ```ts
 * const record = recorder<LeaseOp, LeaseResult>({
 *   process: process.pid,
 *   now: process.hrtime.bigint,
 *   write: (line) => appendFileSync(file, line),
 * });
 * const grant = await record({ do: 'acquire', id }, () => enter(db), {
 *   result: ({ fence }) => ({ fence: fence! }),
 *   refused: (error) => (error instanceof BusyError ? 'busy' : undefined),
 * });
 * ```
 */
export function recorder<Op, Result>(options: RecorderOptions): RecordOperation<Op, Result> {
  knownOptions('recorder', options, ['process', 'now', 'write']);
  const { process, now, write } = options;
  let count = 0;
  return async (op, work, recording = {}) => {
    knownOptions('recorder', recording, ['gate', 'result', 'refused']);
    const { gate, result, refused } = recording;
    const n = ++count;
    const note = (line: Partial<Line>): void => write(`${JSON.stringify({ process, n, ...line })}\n`);
    const time = (): number | string => {
      const at = now();
      return typeof at === 'bigint' ? `${at}` : at;
    };
    note({ ...(gate === undefined ? {} : { gate }), op, call: time() });
    try {
      const value = await work(() => note({ queued: time() }));
      const at = time();
      note({ return: at, ...(result ? { result: result(value) } : {}) });
      return value;
    } catch (error) {
      const at = time();
      const answer = refused?.(error);
      if (answer !== undefined) note({ return: at, result: answer });
      throw error;
    }
  };
}
