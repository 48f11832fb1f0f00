import { Option, type Command } from 'commander';
import { filter, Subject, type Observable } from 'rxjs';
import { ConfigError } from '../../lib/errors.ts';
import type { CoordinatorEvent } from '../../lib/events/event.ts';
import { printable } from '../../lib/internal/printable.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import { lossless } from '../../lib/log/losslessCodec.ts';
import { replay } from '../../lib/log/replay.ts';
import { checks, type Rules } from './checks.ts';
import { selection } from './selection.ts';
import { headOf, NotThere, withLog } from './source.ts';
import type { Terminal } from './terminal.ts';
import { line, offset } from './timeline.ts';
import { mark, permits, rate, several, speed } from './values.ts';

interface Options extends Rules {
  readonly speed: number;
  readonly from?: number | Date;
  readonly to?: number | Date;
  readonly name?: readonly string[];
  readonly stream: string;
  readonly check?: 'invariants';
  readonly json?: true;
}

/** `rxbaton replay`: what happened, in its order and at its pace. */
export function replayCommand(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .description('print what happened as a timeline, or check it')
    .argument('<log>', 'the folder of a log, or a recorded file')
    .addOption(
      new Option('--speed <factor>', "'1x' is the pace at which it happened, '10x' ten times that, 'max' does not wait")
        .argParser(speed)
        .default(Infinity, 'max'),
    )
    .option('--from <mark>', 'the first event: its seq, or a time', mark)
    .option('--to <mark>', 'the last event: its seq, or a time', mark)
    .option('--name <pattern>', "only names such as 'order_*'; may be repeated", several(String))
    .option('--stream <name>', 'the stream of the log', 'events')
    .addOption(new Option('--check <what>', 'judge it instead of printing it').choices(['invariants']))
    .option('--permits <gate=n>', 'with --check: how often a semaphore may be held; may be repeated', several(permits))
    .option('--rate <gate=n/time>', 'with --check: what a limiter may let in; may be repeated', several(rate))
    .option('--json', 'events, or the judgement, in JSON')
    .addHelpText('after', '\nExample:\n  $ rxbaton replay incident.log --check invariants --rate openai=10/1s')
    .action((path: string, options: Options) => withLog(path, (log) => play(log, options, terminal)));
}

async function play(log: EventLog, options: Options, terminal: Terminal): Promise<void> {
  const { stream, check, json, speed, from, to } = options;
  if (check === undefined && (options.permits ?? options.rate) !== undefined)
    throw new ConfigError('--permits and --rate are rules for --check invariants, which is not there.');
  await headOf(log, stream);
  const { wants, names } = selection(options.name);
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const events = replay(log, { stream, speed, ...names, ...range }).pipe(filter((event) => wants(event.name)));
  if (check === undefined) await print(events, json === true, terminal);
  else await judge(events, options, terminal);
}

async function print(events: Observable<CoordinatorEvent>, json: boolean, terminal: Terminal): Promise<void> {
  const seen = new Extent();
  await events.forEach((event) => {
    const { name, data } = event;
    const after = seen.add(event);
    terminal.print(json ? lossless(event, { opaque: true }) : line(terminal, offset(after), { name, data }));
  });
  if (!json) terminal.say(seen.toString());
}

async function judge(events: Observable<CoordinatorEvent>, options: Options, terminal: Terminal): Promise<void> {
  const seen = new Extent();
  const source = new Subject<CoordinatorEvent>();
  const judged = checks(source, options);
  await events.forEach((event) => {
    seen.add(event);
    source.next(event);
  });
  source.complete();
  const verdicts = await Promise.all(judged);
  if (seen.activity === 0)
    throw new NotThere(
      "Nothing to judge: no gate activity was recorded. persist(coordinator, log, { names: ['*', 'rxbaton.gate.*'] }) does.",
    );
  if (options.json) terminal.json({ ...seen.facts(), checks: verdicts });
  else {
    terminal.print(seen.toString());
    for (const { rule, ok, proof } of verdicts) {
      terminal.print(`  ${ok ? terminal.paint('green', 'ok  ') : terminal.paint('red', 'FAIL')}  ${rule}`);
      for (const each of proof?.split('\n') ?? []) terminal.print(`        ${printable(each)}`);
    }
  }
  if (verdicts.some(({ ok }) => !ok)) terminal.found(3);
}

/** How much there was. */
class Extent {
  events = 0;
  activity = 0;
  readonly #runs = new Set<string>();
  #first = NaN;
  #last = NaN;

  /** Answers how long after the first event this one came, in milliseconds. */
  add({ timestamp, runId, name }: CoordinatorEvent): number {
    this.events++;
    if (name.startsWith('rxbaton.gate.')) this.activity++;
    if (runId !== undefined) this.#runs.add(runId);
    if (Number.isNaN(this.#first)) this.#first = timestamp;
    this.#last = timestamp;
    return timestamp - this.#first;
  }

  facts(): { events: number; runs: number; duration: number } {
    return { events: this.events, runs: this.#runs.size, duration: this.#last - this.#first || 0 };
  }

  toString(): string {
    const { events, runs, duration } = this.facts();
    return `${events} events · ${runs} calls · ${offset(duration).slice(1)} of recorded time`;
  }
}
