import { ConfigError } from '../../errors.ts';
import { show } from '../show.ts';
import type { Line } from './recorder.ts';
import type { Operation, Time } from './sequential.ts';

const time = (text: number | string): Time => (typeof text === 'string' ? BigInt(text) : text);

/**
 * The operations that recorders have written down, in the order of their first lines. Operations without a second line have
 * no return. Of each text the last line may be torn, by a kill: it is passed over, and so is nothing else.
 *
 * @param recordings Texts of one or several recorders each; all lines of one process are in the same text.
 * @throws ConfigError for lines that no recorder has written.
 * @example
 * ```ts
 * linearizable(sequentialLease({ ttl: '1s' }), historyOf(...files.map((file) => readFileSync(file, 'utf8'))));
 * ```
 */
export function historyOf<Op, Result>(...recordings: readonly string[]): readonly Operation<Op, Result>[] {
  return recordings.flatMap((text) => {
    const operations: Operation<Op, Result>[] = [];
    /** Where an operation stands. A process that comes again with the same name begins to count anew. */
    const places = new Map<string, number>();
    for (const { process, n, op, gate, call, queued, ...end } of linesOf(text)) {
      const name = JSON.stringify([process, n]);
      if (call !== undefined) {
        places.set(name, operations.length);
        operations.push({
          process,
          ...(gate === undefined ? {} : { gate }),
          op: op as Op,
          call: time(call),
          return: null,
        });
        continue;
      }
      const place = places.get(name);
      if (place === undefined) throw new ConfigError(`Operation ${n} of process ${show(process)} has no call.`);
      operations[place] = {
        ...(queued === undefined ? {} : { queued: time(queued) }),
        ...operations[place]!,
        ...(end.return === undefined ? {} : { return: time(end.return) }),
        ...('result' in end ? { result: end.result as Result } : {}),
      };
    }
    return operations;
  });
}

function linesOf(text: string): Line[] {
  const lines = text.split('\n');
  // Behind the last end of a line there is nothing, or what a kill has cut off.
  return lines.slice(0, -1).map((line) => {
    try {
      return JSON.parse(line) as Line;
    } catch (cause) {
      throw new ConfigError(`No recorder has written this line: ${show(line)}.`, { cause });
    }
  });
}
