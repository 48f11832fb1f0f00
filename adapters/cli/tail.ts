import type { Command } from 'commander';
import { EMPTY } from 'rxjs';
import { hostClock } from '../../lib/internal/env.ts';
import type { EventLog, Head, Stored } from '../../lib/log/EventLog.ts';
import { firstWhere } from '../../lib/log/timeOf.ts';
import { selection } from './selection.ts';
import { headOf, usualFolder, withLog } from './source.ts';
import type { Terminal } from './terminal.ts';
import { encoded, line, seen } from './timeline.ts';
import { count, duration, several } from './values.ts';

interface Options {
  readonly follow?: true;
  readonly name?: readonly string[];
  readonly since?: number;
  readonly lines: number;
  readonly stream: string;
  readonly json?: true;
}

/** `rxbaton tail`: the last events of a log, and those to come. */
export function tail(program: Command, terminal: Terminal): void {
  program
    .command('tail')
    .description('print the last events of a log, and with --follow those to come')
    .argument('[folder]', 'the folder of the log (default: RXBATON_DIRECTORY, else .rxbaton)')
    .option('-f, --follow', 'go on with what is written, until Ctrl-C')
    .option('-n, --lines <count>', 'how many', count, 10)
    .option('--name <pattern>', "only names such as 'order_*'; may be repeated", several(String))
    .option('--since <duration>', 'all of the last 10m, 2h ...', duration)
    .option('--stream <name>', 'the stream of the log', 'events')
    .option('--json', 'events as the log has them, one object of JSON a line')
    .addHelpText('after', "\nExample:\n  $ rxbaton tail --follow --name '*_failed' --since 10m")
    .action((folder: string | undefined, options: Options) =>
      withLog(folder ?? usualFolder(), (log) => show(log, options, terminal)),
    );
}

async function show(log: EventLog, options: Options, terminal: Terminal): Promise<void> {
  const { stream, since, lines, follow, json } = options;
  const { wants, names } = selection(options.name);
  const print = (stored: Stored): void => {
    if (json) {
      terminal.print(encoded(stored));
      return;
    }
    const event = seen(stored);
    terminal.print(line(terminal, new Date(event.time).toISOString(), event));
  };

  const head = follow ? await log.head(stream) : await headOf(log, stream);
  if (head !== null) {
    let last: Stored[] = [];
    const from = await begin(log, head, options);
    const past = from > head.lastSeq ? EMPTY : log.read(stream, { from, to: head.lastSeq, ...names });
    await past.forEach((stored) => {
      if (!wants(seen(stored).name)) return;
      if (since !== undefined) print(stored);
      // No more of them in memory than are wanted, and each moved seldom.
      else if (last.push(stored) >= 2 * lines) last = last.slice(last.length - lines);
    });
    for (const stored of last.slice(Math.max(0, last.length - lines))) print(stored);
  }
  if (!follow) return;
  await log.read(stream, { from: head?.position ?? 'start', follow, ...names }).forEach((stored) => {
    if (wants(seen(stored).name)) print(stored);
  });
}

/** The first event that has to be looked at. */
async function begin(log: EventLog, head: Head, { stream, since, lines, name }: Options): Promise<number> {
  if (since !== undefined) return firstWhere(log, stream, head, (time) => time >= hostClock.wall() - since);
  return name === undefined ? Math.max(head.firstSeq, head.lastSeq - lines + 1) : head.firstSeq;
}
