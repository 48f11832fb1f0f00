import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileLog } from '../../../adapters/file/index.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';
import { root } from '../../support/execute.ts';

const page = readFileSync(join(root, 'docs/file-log.md'), 'utf8');

/** The commands of the page that say what they print. */
const commands = [...page.matchAll(/^```sh\n(.*?)\n```\n\n```text\n(.*?)^```/gms)].map(
  ([, command = '', prints = '']) => [command, prints] as const,
);

/** What the filters of the page mean, for hosts without jq. */
const filters: Readonly<Record<string, string>> = {
  'select(.name == "order_placed") | .data.total': '(v) => v.name === "order_placed" ? [v.data.total] : []',
  'select(.op) | [.op, .stream, .seq, .events]': '(v) => v.op ? [[v.op, v.stream, v.seq, v.events]] : []',
};

let place: string;
const env = { ...process.env };
beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'rxbaton-page-'));
  const clock = virtualTime({ epoch: Date.UTC(2026, 0, 1) });
  const log = await fileLog({ directory: join(place, '.rxbaton'), clock, segmentBytes: 225 });
  await log.append('events', [{ name: 'order_placed', data: { total: 40 } }, { name: 'order_paid' }]);
  await log.append('events', [{ name: 'order_placed', data: { total: 55 } }]);
  await log.append('run-1', [{ name: 'begun', text: 'about {"name":"order_placed"}' }]);
  await log.append('events', [{ name: 'order_placed', data: { total: 7 } }]);
  await log.close();
  if (spawnSync('jq', ['--version']).status !== 0) {
    const jq = join(place, 'jq');
    writeFileSync(
      jq,
      `#!${process.execPath}
const filter = { ${Object.entries(filters)
        .map(([text, code]) => `${JSON.stringify(text)}: ${code}`)
        .join(', ')} }[process.argv[3]];
const lines = require('node:fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);
for (const value of lines.flatMap((line) => filter(JSON.parse(line)))) console.log(JSON.stringify(value));`,
    );
    chmodSync(jq, 0o755);
    env['PATH'] = `${place}${delimiter}${env['PATH'] ?? ''}`;
  }
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('on the page about the log in files', () => {
  it.each(commands)('%s prints what is said', (command, prints) => {
    expect(execFileSync('sh', ['-c', command], { cwd: place, env, encoding: 'utf8' })).toBe(prints);
  });

  it('are commands with cat, grep and jq, and each filter has a meaning for hosts without jq', () => {
    expect(commands.map(([command]) => /^\w+/.exec(command)?.[0])).toEqual(['cat', 'grep', 'cat', 'cat']);
    const used = commands.flatMap(([command]) => /jq -c '([^']+)'/.exec(command)?.[1] ?? []);
    expect(used).toEqual(Object.keys(filters));
  });

  it('the version is that of the code', () => {
    expect(page).toContain(`## The format, version ${/"version":(\d+)/.exec(commands[0]?.[1] ?? '')?.[1] ?? '?'}`);
  });
});
