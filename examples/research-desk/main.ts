/** The research desk: real documents, a model with limits, one shared report. Run with `npm start`, `--help` says more. */
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { styleText } from 'node:util';
import { createCoordinator } from 'rxbaton';
import { collect, InputError, type Document } from './collector.ts';
import { runCoordinated } from './coordinated.ts';
import { GROUP, type Job } from './desk.ts';
import { startLocalModel } from './localModel.ts';
import { connect, reach, type Endpoint, type Model } from './model.ts';
import { runNaive } from './naive.ts';
import { HELP, readOptions, type Options } from './options.ts';
import { showProgress } from './progress.ts';
import { playBack, record } from './recording.ts';
import { sectionsIn, startReport } from './report.ts';
import { follow, type Desk, type DeskEvents, type Story } from './story.ts';
import { table, type Outcome } from './table.ts';

const WITHOUT = 'without rxbaton';
const WITH = 'with rxbaton';
/** How many lines of the report are shown. */
const HEAD = 24;

const note = (text: string): void => void process.stderr.write(`${text}\n`);

/** Where the model is that a run talks to, and how to leave it. */
type Hosting = () => Promise<Endpoint & { close(): Promise<void> }>;

async function main(options: Options): Promise<void> {
  const story = options.replay === undefined ? await perform(options) : await playBack(options.replay);
  const { documents, runs, timeline } = story;
  if (options.json) process.stdout.write(`${JSON.stringify({ documents, runs, waits: timeline.totals() })}\n`);
  else tell(story);
  const outcome = runs[WITH];
  if (outcome !== undefined && outcome.failed.length + outcome.lost > 0) process.exitCode = 1;
}

/** Does the job, and records it. */
async function perform(options: Options): Promise<Story> {
  const documents = await collect(options.folder, options.documents);
  const own = ownEndpoint();
  if (own !== null) await reach(own);
  // A local model is started for each run, so that the second one does not pay for the last second of the first.
  const hosting: Hosting =
    own === null ? () => startLocalModel(options) : async () => ({ ...own, close: async () => {} });
  const out = await reportFolder(options.out);
  const { rate, concurrency } = options;
  const host = own === null ? 'a local model' : `${own.model} at ${own.url}`;
  note(
    `${documents.length} documents from ${options.folder}; ${host}, ${rate} requests a second, ${concurrency} at a time`,
  );

  const desk: Desk = createCoordinator<DeskEvents>();
  const story = follow(desk);
  const recording = await record(desk, out);
  desk.emit('desk_opened', { documents: documents.length });
  if (own === null || options.compare) {
    const outcome = await measure(WITHOUT, documents, hosting, path.join(out, 'without.md'), runNaive);
    desk.emit('run_measured', { name: WITHOUT, outcome });
  } else note('without rxbaton: not run, since you would pay for it; --compare runs it');
  const outcome = await measure(WITH, documents, hosting, path.join(out, 'with.md'), (job, model) =>
    runCoordinated(desk, job, model, options),
  );
  desk.emit('run_measured', { name: WITH, outcome });
  const lines = (await readFile(outcome.report, 'utf8')).split('\n');
  desk.emit('report_written', { file: outcome.report, head: lines.slice(0, HEAD), more: lines.length - HEAD });
  await desk.close();
  await recording.stop();
  note(`recorded in ${recording.file}; npm start -- --replay ${recording.file} plays it back`);
  return story;
}

/** The endpoint that the environment names, if it does. */
function ownEndpoint(): Endpoint | null {
  const { OPENAI_BASE_URL: url, OPENAI_API_KEY: key = '', OPENAI_MODEL: model = 'gpt-4o-mini' } = process.env;
  return url ? { url: url.replace(/\/+$/, ''), key, model } : null;
}

/** Does the job once and counts what became of it. */
async function measure(
  name: string,
  documents: readonly Document[],
  hosting: Hosting,
  report: string,
  work: (job: Job, model: Model) => Promise<void>,
): Promise<Outcome> {
  const host = await hosting();
  const model = connect(host);
  const written: string[] = [];
  const failed: string[] = [];
  const progress = showProgress(name, documents.length + Math.ceil(documents.length / GROUP));
  const job: Job = {
    documents,
    report,
    written: (title) => {
      written.push(title);
      progress.step();
    },
    failed: (what, reason) => {
      failed.push(`${what}: ${reason}`);
      progress.step();
    },
  };
  await startReport(report, `What ${documents.length} documents say`);
  const began = performance.now();
  await work(job, model);
  const ms = Math.round(performance.now() - began);
  await host.close();
  const present = new Set(await sectionsIn(report));
  const lost = written.filter((title) => !present.has(title)).length;
  progress.done(`${written.length} sections written in ${(ms / 1000).toFixed(1)} s`);
  return { refused: model.refused, answered: model.answered, written: written.length, lost, failed, ms, report };
}

function tell({ runs, timeline, report }: Story): void {
  const title = (words: string): string => styleText('bold', `\n${words}\n`);
  const { file = '', head = [], more = 0 } = report ?? {};
  const parts = [
    '',
    table(runs),
    ...(runs[WITH]?.failed ?? []).slice(0, 3).map((failure) => `given up: ${failure}`),
    title('Who waited for what'),
    timeline.draw(),
    title('The report'),
    ...head.map((line) => `  ${line}`),
    `  ... ${more} more lines in ${file}`,
  ];
  process.stdout.write(`${parts.join('\n')}\n`);
}

async function reportFolder(out: string | undefined): Promise<string> {
  if (out === undefined) return mkdtemp(path.join(tmpdir(), 'research-desk-'));
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw new InputError(`cannot write to ${out}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  });
  return out;
}

// A reader who has seen enough, as in `npm start | head`, is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await main(options);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`research desk: ${error.message}\n`);
  process.exitCode = 2;
}
