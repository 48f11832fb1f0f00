/** A process that records operations in the file that it is given, and is killed in the middle of one. */
import { appendFileSync } from 'node:fs';
import { recorder } from '../../lib/testing/linear/recorder.ts';

const [file = '', name = ''] = process.argv.slice(2);
const record = recorder<string, string>({
  process: name,
  now: () => process.hrtime.bigint(),
  write: (line) => appendFileSync(file, line),
});

await record('first', () => Promise.resolve(1), { result: (value) => `heard ${value}` });
await record('last', (queued) => {
  queued();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
});
