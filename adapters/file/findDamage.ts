import { LogCorruptError } from '../../lib/errors.ts';
import type { Place } from './Places.ts';
import { scan } from './scan.ts';
import { corrupt, openSegment, type Home } from './segments.ts';

/**
 * The first thing that is not whole between the beginning of a segment and a place. Readers pass by commits of other streams
 * without a look at their checksums: who misses something finds out here where it went wrong.
 *
 * @param otherwise What it is when everything is whole, or can no longer be read.
 */
export async function findDamage(
  home: Home,
  first: number,
  end: Place,
  otherwise: LogCorruptError,
): Promise<LogCorruptError> {
  for (let segment = first; segment <= end.segment; segment++) {
    try {
      const { handle, from } = await openSegment(home, segment);
      const until = segment === end.segment ? end.offset : (await handle.stat()).size;
      const { offset, stop } = await scan(handle, from, until, () => undefined).finally(() => handle.close());
      if (stop !== 'end') return corrupt(home.path(segment), offset, 'a record is not what was written');
    } catch (error) {
      if (error instanceof LogCorruptError) return error;
    }
  }
  return otherwise;
}
