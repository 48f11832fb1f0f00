/**
 * Events to read back. `node history.mjs <directory> <commit>` writes them, in another process than the one that is
 * measured: one stream of a file log in commits of that many events; for a commit of 0, plain lines.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporary } from './temporary.mjs';

export const count = 1_000_000;

/** The name of one event in a hundred. */
export const rare = 'order.placed';

const eventAt = (i) => ({
  name: i % 100 === 50 ? rare : 'agent.step',
  id: `01KAGXM00000000000${String(i).padStart(8, '0')}`,
  timestamp: 1_763_600_000_000 + i,
  seq: i + 1,
  data: {
    tool: 'search',
    query: `what is the price of eggs in town ${i % 1_000}`,
    tokens: 1_000 + (i % 1_000),
    cached: i % 2 === 0,
    tags: ['shop', 'food'],
  },
});

/** The text of each. */
export const lines = () => Array.from({ length: count }, (_, i) => JSON.stringify(eventAt(i)));

const script = fileURLToPath(import.meta.url);

function written(commit) {
  const directory = temporary();
  execFileSync(process.execPath, [script, directory, commit]);
  return directory;
}

/** The path of a file with a line for each event. */
export const plainFile = () => join(written(0), 'events.jsonl');

/** A file log with the stream `events`. */
export async function recorded(commit) {
  const directory = written(commit);
  const { fileLog } = await import('../../dist/adapters/file.js');
  return fileLog({ directory, readOnly: true });
}

/** Reads the stream, calls `each` with every event, and resolves to how many came. */
export const read = (log, options, each = () => {}) =>
  new Promise((resolve, reject) => {
    let seen = 0;
    const next = ({ event }) => {
      seen++;
      each(event);
    };
    log.read('events', options).subscribe({ next, error: reject, complete: () => resolve(seen) });
  });

/** Says so when not all of them came: no figure without the work. */
export function all(seen, expected) {
  if (seen !== expected) throw new Error(`${seen} events came, and not ${expected}`);
}

async function write(directory, commit) {
  if (commit === 0) {
    writeFileSync(join(directory, 'events.jsonl'), `${lines().join('\n')}\n`);
    return;
  }
  const { fileLog } = await import('../../dist/adapters/file.js');
  const log = await fileLog({ directory, fsync: 'never' });
  for (let i = 0; i < count; i += 10_000) {
    const appends = [];
    for (let first = i; first < i + 10_000; first += commit) {
      appends.push(
        log.append(
          'events',
          Array.from({ length: commit }, (_, k) => eventAt(first + k)),
        ),
      );
    }
    await Promise.all(appends);
  }
  await log.close();
}

if (process.argv[1] === script) await write(process.argv[2], Number(process.argv[3]));
