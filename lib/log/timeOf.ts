import { firstValueFrom } from 'rxjs';
import type { EventLog, Head, Stored } from './EventLog.ts';

/** When it happened: events of the bus say so themselves, others are as old as their commit. */
export function timeOf({ event, at }: Stored): number {
  const { timestamp } = (event ?? {}) as { readonly timestamp?: unknown };
  return typeof timestamp === 'number' ? timestamp : at;
}

/**
 * The first `seq` whose time passes the test, as all later ones do; one behind the last if none does. It looks at as many
 * events as the length of the stream has binary digits. Where times go back, as they may from one run of a program to the
 * next, it finds one of the places where an event that does not pass is followed by one that does.
 */
export async function firstWhere(
  log: EventLog,
  stream: string,
  { firstSeq, lastSeq }: Head,
  test: (time: number) => boolean,
): Promise<number> {
  let [low, high] = [firstSeq, lastSeq + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstValueFrom(log.read(stream, { from: middle, to: middle }), { defaultValue: null });
    if (found === null || test(timeOf(found))) high = middle;
    else low = middle + 1;
  }
  return low;
}
