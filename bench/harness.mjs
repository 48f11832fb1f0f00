/** The parent's side: children in turns, medians, verdicts. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** Rounds of fresh processes, blocks in each, milliseconds of a block and of its warm-up; a worker rests once its blocks took `budget` ms. */
export const FULL = { rounds: 3, blocks: 7, block: 70, warmUp: 250, budget: 4_000 };
export const QUICK = { rounds: 1, blocks: 3, block: 40, warmUp: 250, budget: 2_000 };

/** A child process, which answers one question at a time. */
function startChild(url) {
  const child = fork(CHILD, [url], { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let noise = '';
  let answer = () => {};
  let ended = false;
  const failure = () => ({ failed: noise || 'the process ended' });
  child.stderr.on('data', (text) => (noise += text));
  child.on('message', (message) => answer(message));
  child.on('exit', () => {
    ended = true;
    answer(failure());
  });
  const ask = (question) =>
    new Promise((resolve) => {
      answer = resolve;
      if (ended) resolve(failure());
      else child.send(question);
    });
  return { ask, stop: () => child.kill() };
}

/** A child that is ready to take samples for a job. */
async function start(child, job, options) {
  const ask = () => child.ask({ name: job.name, column: job.column, options });
  note({ job }, await ask());
  return { job, spent: 0, ask, stop: child.stop };
}

function note({ job }, { sample, failed }) {
  if (failed !== undefined) job.failed ??= failed;
  else if (typeof sample === 'number') (job.samples[job.column] ??= []).push(sample);
  else for (const [column, value] of Object.entries(sample ?? {})) (job.samples[column] ??= []).push(value);
}

/**
 * Measures one table. Every round has fresh processes, one for each implementation and column or, where the table says so, one
 * for all of them `together`; within a round the blocks alternate.
 */
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
    const shared = table.options?.together ? startChild(url) : null;
    for (const job of jobs) {
      progress(`${table.title}: ${job.name}, ${job.column} (round ${round + 1} of ${rounds})`);
      if (!job.failed) workers.push(await start(shared ?? startChild(url), job, options));
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
