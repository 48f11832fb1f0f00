/** One of the processes of the crowd: asks `count` times at once when told to, and says when each of them had the lock. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { redisUrl } from './server.mjs';

/** Processes that wait for one lock together: `crowd(each)` lets so many of each process through, and returns ms for each. */
export async function members(processes) {
  const url = await redisUrl();
  const prefix = `rxbaton-bench-crowd-${process.pid}`;
  const all = Array.from({ length: processes }, () =>
    fork(fileURLToPath(import.meta.url), [url, prefix], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  process.on('exit', () => all.forEach((child) => child.kill('SIGKILL')));
  const said = (child) => new Promise((resolve) => child.once('message', resolve));
  await Promise.all(all.map(said));
  return async (each) => {
    const [first] = all;
    // Somebody holds it until everybody waits.
    first.send({ hold: true });
    await said(first);
    const waiting = all.map(said);
    for (const child of all) child.send({ wait: each });
    await Promise.all(waiting);
    const done = all.map(said);
    const begin = performance.now();
    first.send({ free: true });
    await Promise.all(done);
    return (performance.now() - begin) / (each * processes);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url, prefix] = process.argv;
  const { configure, enter, mutex, when } = await import('../../dist/index.js');
  const { redisBackend } = await import('../../dist/adapters/redis.js');
  configure({ context: 'off', backend: redisBackend({ url, prefix }) });
  const lock = mutex('crowd');
  let held;
  let missing = 0;
  when('rxbaton.gate.queued', () => {
    if (--missing === 0) process.send('waits');
  });
  process.on('message', async ({ hold, wait, free }) => {
    if (hold) {
      held = await enter(lock);
      process.send('holds');
    } else if (free) held.release();
    else {
      missing = wait;
      await Promise.all(Array.from({ length: wait }, async () => (await enter(lock)).release()));
      process.send('done');
    }
  });
  process.on('disconnect', () => process.exit());
  process.send('ready');
}
