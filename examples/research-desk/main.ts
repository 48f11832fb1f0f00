/** The research desk: real documents, a model with limits, one shared report. Run with `npm start`, `--help` says more. */
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { styleText } from 'node:util';
import { collect, InputError, type Document } from './collector.ts';
import { runCoordinated } from './coordinated.ts';
import { GROUP, type Job } from './desk.ts';
import { startLocalModel } from './localModel.ts';
import { connect, reach, type Endpoint, type Model } from './model.ts';
import { runNaive } from './naive.ts';
import { HELP, readOptions, type Options } from './options.ts';
import { showProgress } from './progress.ts';
import { sectionsIn, startReport } from './report.ts';
import { table, type Outcome } from './table.ts';
import { createTimeline } from './timeline.ts';

const WITHOUT = 'without rxbaton';
const WITH = 'with rxbaton';

/** Where the model is that a run talks to, and how to leave it. */
type Hosting = () => Promise<Endpoint & { close(): Promise<void> }>;

async function main(options: Options): Promise<void> {
  const documents = await collect(options.folder, options.documents);
  const own = ownEndpoint();
  if (own !== null) await reach(own);
  // A local model is started for each run, so that the second one does not pay for the last second of the first.
  const hosting: Hosting =
    own === null ? () => startLocalModel(options) : async () => ({ ...own, close: async () => {} });
  const out = await reportFolder(options.out);
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const { rate, concurrency } = options;
  const host = own === null ? 'a local model' : `${own.model} at ${own.url}`;
  note(
    `${documents.length} documents from ${options.folder}; ${host}, ${rate} requests a second, ${concurrency} at a time`,
  );

  const runs: Record<string, Outcome> = {};
  const timeline = createTimeline();
  if (own === null || options.compare) {
    runs[WITHOUT] = await measure(WITHOUT, documents, hosting, path.join(out, 'without.md'), runNaive);
  } else note('without rxbaton: not run, since you would pay for it; --compare runs it');
  runs[WITH] = await measure(WITH, documents, hosting, path.join(out, 'with.md'), (job, model) =>
    runCoordinated(job, model, options, timeline),
  );

  if (options.json)
    process.stdout.write(`${JSON.stringify({ documents: documents.length, runs, waits: timeline.totals() })}\n`);
  else await tell(runs, runs[WITH], timeline.draw());
  if (runs[WITH].failed.length + runs[WITH].lost > 0) process.exitCode = 1;
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

async function tell(runs: Record<string, Outcome>, outcome: Outcome, timeline: string): Promise<void> {
  const text = await readFile(outcome.report, 'utf8');
  const head = text.split('\n').slice(0, 24);
  const title = (words: string): string => styleText('bold', `\n${words}\n`);
  const parts = [
    '',
    table(runs),
    ...outcome.failed.slice(0, 3).map((failure) => `given up: ${failure}`),
    title('Who waited for what'),
    timeline,
    title('The report'),
    ...head.map((line) => `  ${line}`),
    `  ... ${text.split('\n').length - head.length} more lines in ${outcome.report}`,
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
