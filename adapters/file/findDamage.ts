import type { LogCorruptError } from '../../lib/errors.ts';
import type { Place } from './Places.ts';
import { scan } from './scan.ts';
import { corrupt, openSegment, type Home } from './segments.ts';

/**
 * What is not whole between the beginning of a segment and a place. Readers pass by commits of other streams without a look at
 * their checksums: who misses something finds out here where it went wrong.
 */
export async function findDamage(home: Home, first: number, end: Place): Promise<LogCorruptError | null> {
  for (let segment = first; segment <= end.segment; segment++) {
    const { handle, from } = await openSegment(home, segment);
    try {
      const until = segment === end.segment ? end.offset : (await handle.stat()).size;
      const { offset, stop } = await scan(handle, from, until, () => undefined);
      if (stop !== 'end') return corrupt(home.path(segment), offset, 'a record is not what was written');
    } finally {
      await handle.close();
    }
  }
  return null;
}
