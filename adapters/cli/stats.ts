import type { Command } from 'commander';
import type { EventLog } from '../../lib/log/EventLog.ts';
import { headOf, usualFolder, withLog } from './source.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { seen } from './timeline.ts';

interface Options {
  readonly stream: string;
  readonly json?: true;
}

interface StreamStats {
  readonly stream: string;
  readonly events: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly closed: boolean;
}

/** Of the events of one name. Times are milliseconds. */
interface NameStats {
  readonly name: string;
  count: number;
  first: number;
  last: number;
  /** Of those that say how long something took. */
  timed: number;
  total: number;
  longest: number;
}

/** `rxbaton stats`: how much of what is in a log. */
export function stats(program: Command, terminal: Terminal): void {
  program
    .command('stats')
    .description('count the events of a log by their names, with how long calls took')
    .argument('[folder]', 'the folder of the log, or a recorded file (default: RXBATON_DIRECTORY, else .rxbaton)')
    .option('--stream <name>', 'the stream whose names are counted', 'events')
    .option('--json', 'one object of JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ rxbaton stats --json | jq \'.names[] | select(.name | endswith("_failed"))\'',
    )
    .action((folder: string | undefined, { stream, json }: Options) =>
      withLog(folder ?? usualFolder(), async (log) => {
        await headOf(log, stream);
        const [streams, names] = [await streamsOf(log), await namesOf(log, stream)];
        if (json) terminal.json({ streams, names: names.map(shown) });
        else for (const text of [...streamTable(streams), '', ...nameTable(names)]) terminal.print(text);
      }),
    );
}

async function streamsOf(log: EventLog): Promise<StreamStats[]> {
  const names: string[] = [];
  await log.streams().forEach((name) => void names.push(name));
  const found: StreamStats[] = [];
  for (const stream of names) {
    const head = await log.head(stream);
    // It may have been removed meanwhile.
    if (head === null) continue;
    const { firstSeq, lastSeq, closed } = head;
    found.push({ stream, events: lastSeq - firstSeq + 1, firstSeq, lastSeq, closed });
  }
  return found;
}

async function namesOf(log: EventLog, stream: string): Promise<NameStats[]> {
  const found = new Map<string, NameStats>();
  await log.read(stream).forEach((stored) => {
    const { name, time, data } = seen(stored);
    let stats = found.get(name);
    if (stats === undefined)
      found.set(name, (stats = { name, count: 0, first: time, last: time, timed: 0, total: 0, longest: 0 }));
    stats.count++;
    stats.last = time;
    const { duration } = Object(data) as { readonly duration?: unknown };
    if (typeof duration !== 'number') return;
    stats.timed++;
    stats.total += duration;
    stats.longest = Math.max(stats.longest, duration);
  });
  return [...found.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

const shown = ({ name, count, first, last, timed, total, longest }: NameStats): object => ({
  name,
  count,
  first: new Date(first).toISOString(),
  last: new Date(last).toISOString(),
  ...(timed === 0 ? {} : { mean: round(total / timed), longest: round(longest) }),
});

const streamTable = (streams: readonly StreamStats[]): string[] =>
  table(
    ['STREAM', 'EVENTS', 'FIRST', 'LAST', ''],
    streams.map(({ stream, events, firstSeq, lastSeq, closed }) => [
      stream,
      events,
      firstSeq,
      lastSeq,
      closed ? 'closed' : '',
    ]),
  );

const nameTable = (names: readonly NameStats[]): string[] =>
  table(
    ['NAME', 'COUNT', 'LAST', 'MEAN ms', 'LONGEST ms'],
    names.map(({ name, count, last, timed, total, longest }) => [
      name,
      count,
      new Date(last).toISOString(),
      timed === 0 ? '' : String(round(total / timed)),
      timed === 0 ? '' : String(round(longest)),
    ]),
  );
