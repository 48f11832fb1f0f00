import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyOf } from '../../lib/testing/linear/historyOf.ts';
import { recorder, type RecorderOptions } from '../../lib/testing/linear/recorder.ts';
import type { Time } from '../../lib/testing/linear/sequential.ts';
import { sequentialLease, type LeaseOp, type LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { deferred } from '../support/deferred.ts';
import { root } from '../support/execute.ts';

/** A recorder whose clock ticks whenever it is read, and its lines. */
function recording(options: Partial<RecorderOptions> = {}) {
  const lines: string[] = [];
  let ticks = 0n;
  const record = recorder<string, string>({
    process: 'a',
    now: () => ++ticks,
    write: (line) => lines.push(line),
    ...options,
  });
  return { record, text: () => lines.join(''), history: () => historyOf<string, string>(lines.join('')) };
}

describe('a recorder', () => {
  it('notes who did what, when it was called and returned, and what it said', async () => {
    const { record, history } = recording();
    expect(await record('x', () => 5, { gate: 'db', result: (value) => `got ${value}` })).toBe(5);
    await record('y', () => Promise.resolve());
    expect(history()).toEqual([
      { process: 'a', gate: 'db', op: 'x', call: 1n, return: 2n, result: 'got 5' },
      { process: 'a', op: 'y', call: 3n, return: 4n },
    ]);
  });

  it('notes when it was first known to wait', async () => {
    const { record, history } = recording();
    await record('x', (queued) => {
      queued();
      queued();
    });
    expect(history()).toEqual([{ process: 'a', op: 'x', call: 1n, queued: 2n, return: 4n }]);
  });

  it('leaves open what ends with an error, and throws it again', async () => {
    const { record, history } = recording();
    const error = new Error('too late');
    await expect(record('x', () => Promise.reject(error))).rejects.toBe(error);
    await expect(
      record('y', () => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(history().map((one) => one.return)).toEqual([null, null]);
  });

  it('takes an error for an answer if it says what has happened', async () => {
    const { record, history } = recording();
    const refused = (error: unknown) => ((error as Error).message === 'busy' ? 'busy' : undefined);
    await expect(record('x', () => Promise.reject(new Error('busy')), { refused })).rejects.toThrow('busy');
    await expect(record('y', () => Promise.reject(new Error('gone')), { refused })).rejects.toThrow('gone');
    expect(history()).toMatchObject([{ return: 2n, result: 'busy' }, { return: null }]);
  });

  it('keeps apart operations that are under way at once', async () => {
    const { record, history } = recording();
    const gate = deferred();
    const first = record('x', () => gate.promise);
    await record('y', () => 1);
    gate.resolve();
    await first;
    expect(history()).toMatchObject([
      { op: 'x', call: 1n, return: 4n },
      { op: 'y', call: 2n, return: 3n },
    ]);
  });

  it('keeps times that are numbers', async () => {
    let now = 0;
    const { record, history } = recording({ now: (): Time => (now += 0.5) });
    await record('x', () => 1);
    expect(history()).toEqual([{ process: 'a', op: 'x', call: 0.5, return: 1 }]);
  });

  it('refuses options that it does not know', async () => {
    expect(() => recording({ clock: 1 } as never)).toThrow("no option 'clock'");
    await expect(recording().record('x', () => 1, { results: 1 } as never)).rejects.toThrow("no option 'results'");
  });
});

describe('historyOf', () => {
  it('puts recordings of several processes together', async () => {
    const a = recording();
    const b = recording({ process: 'b' });
    await a.record('x', () => 1);
    await b.record('y', () => 1);
    expect(historyOf(a.text(), b.text()).map((one) => one.process)).toEqual(['a', 'b']);
    expect(historyOf(a.text() + b.text())).toEqual(historyOf(a.text(), b.text()));
  });

  it('takes the next life of a process for what it is', async () => {
    const before = recording();
    void before.record('x', () => new Promise(() => {}));
    const after = recording();
    await after.record('y', () => 1);
    expect(historyOf(before.text() + after.text())).toMatchObject([
      { op: 'x', return: null },
      { op: 'y', return: 2n },
    ]);
  });

  it('passes over a torn end, and nothing else', async () => {
    const { record, text } = recording();
    await record('x', () => 1);
    const whole = text();
    const returnsAt = whole.indexOf('\n') + 1;
    for (let cut = 0; cut < whole.length; cut++) {
      const history = historyOf(whole.slice(0, cut));
      expect(history.map((one) => one.return)).toEqual(cut < returnsAt ? [] : [null]);
    }
    expect(() => historyOf(`${whole.slice(0, 9)}\n${whole}`)).toThrow('No recorder has written this line');
    expect(() => historyOf(whole.slice(returnsAt))).toThrow('has no call');
  });

  it('reads what processes wrote before they were killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rxbaton-'));
    try {
      const files = ['w1', 'w2'].map((name) => join(folder, name));
      const worker = ['--import', 'tsx', 'spec/support/recordingWorker.ts'];
      const ends = await Promise.all(
        files.map((file, i) => once(spawn(process.execPath, [...worker, file, `w${i + 1}`], { cwd: root }), 'exit')),
      );
      expect(ends).toEqual([
        [null, 'SIGKILL'],
        [null, 'SIGKILL'],
      ]);
      const history = historyOf<string, string>(...files.map((file) => readFileSync(file, 'utf8')));
      expect(history.map(({ process: name, op, result }) => [name, op, result])).toEqual([
        ['w1', 'first', 'heard 1'],
        ['w1', 'last', undefined],
        ['w2', 'first', 'heard 1'],
        ['w2', 'last', undefined],
      ]);
      for (const { call, queued, return: end, op } of history) {
        expect(op === 'first' ? end! > call : end === null && queued! > call).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 30_000);

  it('gives what the checker takes', async () => {
    const lines: string[] = [];
    const record = recorder<LeaseOp, LeaseResult>({
      process: 1,
      now: () => process.hrtime.bigint(),
      write: (line) => lines.push(line),
    });
    await record({ do: 'acquire', id: 'a' }, () => 1, { result: (fence) => ({ fence }) });
    await record({ do: 'acquire', id: 'b' }, () => 2, { result: (fence) => ({ fence }) });
    expect(() => linearizable(sequentialLease({ ttl: '1h' }), historyOf<LeaseOp, LeaseResult>(lines.join('')))).toThrow(
      '-> { fence: 2 }',
    );
  });
});
