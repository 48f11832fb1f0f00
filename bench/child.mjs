/**
 * One child process: prepares implementations of one table, then takes a sample of one of them whenever the parent asks.
 * Unless the table wants all of them in one process, there is only one here: it does not pay for the code or the context
 * tracking of another.
 */
const [tableUrl] = process.argv.slice(2);
const { default: table } = await import(tableUrl);

/** Runs the block for about `ms`, growing it, and returns what one iteration takes. */
async function grow(block, ms) {
  const start = performance.now();
  let iterations = 1;
  for (;;) {
    const before = performance.now();
    await block(iterations);
    const now = performance.now();
    if (now - start >= ms) return (now - before) / iterations;
    if (now - before < ms / 8) iterations *= 2;
  }
}

/** A timer: nanoseconds for each operation, over blocks of about `ms`. */
async function timed({ block, per = 1, warmUp }, options) {
  const once = await grow(block, warmUp ?? options.warmUp);
  const iterations = Math.max(1, Math.round(options.block / once));
  return async () => {
    globalThis.gc({ type: 'minor' }); // a full one would throw away compiled code, and the block would time the compiler
    await null; // from here on in a promise job, as the code of async functions is
    const before = performance.now();
    await block(iterations);
    return ((performance.now() - before) * 1e6) / (iterations * per);
  };
}

const samples = new Map();
process.on('message', async ({ name, column, options }) => {
  const job = `${name}, ${column}`;
  try {
    const sample = samples.get(job);
    if (sample) process.send({ sample: await sample() });
    else {
      const subject = await table.implementations[name](table.cases?.[column]);
      samples.set(job, subject.block ? await timed(subject, options) : subject.measure);
      process.send({ ready: true });
    }
  } catch (error) {
    process.send({ failed: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
