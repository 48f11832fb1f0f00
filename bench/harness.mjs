/** The parent's side: children in turns, medians, verdicts. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** Rounds of fresh processes, blocks in each, milliseconds of a block and of its warm-up; a worker rests once its blocks took `budget` ms. */
export const FULL = { rounds: 3, blocks: 7, block: 70, warmUp: 250, budget: 4_000 };
export const QUICK = { rounds: 1, blocks: 3, block: 40, warmUp: 250, budget: 2_000 };

/** One child, ready to take samples for its job. */
async function start(url, job, options) {
  const args = [url, job.name, job.column];
  const child = fork(CHILD, args, { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let noise = '';
  let answer;
  child.stderr.on('data', (text) => (noise += text));
  child.on('message', (message) => answer(message));
  child.on('exit', () => answer({ failed: noise || 'the process ended' }));
  const ask = () =>
    new Promise((resolve) => {
      answer = resolve;
      child.send(options);
    });
  const worker = { job, spent: 0, ask, stop: () => child.kill() };
  note(worker, await ask());
  return worker;
}

function note({ job }, { sample, failed }) {
  if (failed !== undefined) job.failed ??= failed;
  else if (typeof sample === 'number') (job.samples[job.column] ??= []).push(sample);
  else for (const [column, value] of Object.entries(sample ?? {})) (job.samples[column] ??= []).push(value);
}

/** Measures one table. Every round has fresh processes; within a round the blocks of all of them alternate. */
export async function runTable(url, options, progress) {
  const { default: table } = await import(url);
  const { blocks, budget } = { ...options, ...table.options };
  const rounds = Math.min(options.rounds, table.options?.rounds ?? options.rounds);
  const jobs = Object.keys(table.implementations).flatMap((name) =>
    Object.keys(table.cases ?? { [table.unit]: null })
      .filter((column) => !table.skip?.(name, column))
      .map((column) => ({ name, column, samples: {} })),
  );
  for (let round = 0; round < rounds; round++) {
    const workers = [];
    for (const job of jobs) {
      progress(`${table.title}: ${job.name}, ${job.column} (round ${round + 1} of ${rounds})`);
      if (!job.failed) workers.push(await start(url, job, options));
    }
    for (let block = 0; block < blocks; block++) {
      for (const worker of workers) {
        if (worker.job.failed || worker.spent > budget) continue;
        const before = performance.now();
        note(worker, await worker.ask());
        worker.spent += performance.now() - before;
      }
    }
    for (const worker of workers) worker.stop();
  }
  return summary(table, jobs);
}

function summary(table, jobs) {
  const figures = {};
  const failures = [];
  for (const { name, column, samples, failed } of jobs) {
    if (failed) failures.push({ name, column, error: failed });
    figures[name] ??= {};
    for (const [key, values] of Object.entries(samples)) figures[name][key] = spread(values, table.combine ?? median);
  }
  const at = (name, column = table.unit) => figures[name]?.[column]?.value ?? NaN;
  const bars = (table.bars ?? []).map((bar) => verdict(bar, at));
  return { title: table.title, unit: table.unit, base: table.base, figures, bars, failures };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** For figures of which only the worst counts. */
export const worst = (values) => Math.max(...values);

const spread = (values, combine) => ({
  value: combine(values),
  min: Math.min(...values),
  max: Math.max(...values),
  samples: values.length,
});

/** A figure that could not be measured is NaN, and no comparison holds for it: it is not met. */
function verdict({ text, unit, of, atMost, atLeast }, at) {
  const measured = of(at);
  const met = atMost === undefined ? measured >= atLeast : measured <= atMost;
  return { text, unit, measured, ...(atMost === undefined ? { atLeast } : { atMost }), met };
}
