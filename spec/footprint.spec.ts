import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executeNode, root } from './support/execute.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rxbaton-footprint-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The code with everything of ours that it needs, and nothing of rxjs. */
async function bundle(contents: string, { minify }: { minify: boolean }): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'node20',
    // Loaded when it is wanted, and not by any of these.
    external: ['rxjs', 'node:*', join(root, 'adapters/*')],
    alias: {
      rxbaton: join(root, 'lib/index.ts'),
      'rxbaton/operators': join(root, 'operators/index.ts'),
      'rxbaton/adapters/file': join(root, 'adapters/file/index.ts'),
    },
    minify,
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** Runs the code in a process of its own, where `heap()` is what is still used after a collection; answers the JSON it prints. */
async function measure(code: string): Promise<unknown> {
  const file = join(folder, 'measure.mjs');
  const heap = 'const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed; };';
  writeFileSync(file, await bundle(`${heap}\n${code}`, { minify: false }));
  const { stdout } = await executeNode(['--expose-gc', file], { cwd: folder });
  return JSON.parse(stdout);
}

describe('size', () => {
  it('withLock alone stays below 12.5 kB gzipped, without rxjs (the goal of 5 kB: see docs/decisions.md, 14)', async () => {
    const code = await bundle(`export { withLock } from 'rxbaton/operators';`, { minify: true });
    expect(code).toContain('rxjs');
    expect(gzipSync(code).length).toBeLessThanOrEqual(12_500);
  });
});

describe('memory', () => {
  const uses = {
    withLock: `of(1).pipe(withLock('lock-' + i)).subscribe();`,
    run: `await run('lock-' + i, async () => i);`,
    coordinate: `await coordinate('agent', { lock: 'lock-' + i }, async () => i)();`,
  };

  it.each(Object.entries(uses))(
    '100,000 lock names, each used once by %s, leave less than 1 MB behind',
    async (_, use) => {
      const left = await measure(`
      import { coordinate, run } from 'rxbaton';
      import { withLock } from 'rxbaton/operators';
      import { of } from 'rxjs';
      const names = async (from, to) => { for (let i = from; i < to; i++) { ${use} } };
      await names(0, 1_000);
      const before = heap();
      await names(1_000, 101_000);
      console.log(heap() - before);
    `);
      expect(left).toBeLessThan(1_000_000);
    },
  );

  it('a waiter in the queue costs at most 320 bytes', async () => {
    const each = await measure(`
      import { acquire, mutex } from 'rxbaton';
      const lock = mutex('lock');
      acquire(lock).subscribe();
      const waiting = [];
      const queue = (n) => { for (let i = 0; i < n; i++) waiting.push(acquire(lock).subscribe()); };
      queue(1_000);
      const before = heap();
      queue(10_000);
      console.log((heap() - before) / 10_000);
      for (const waiter of waiting) waiter.unsubscribe();
    `);
    expect(each).toBeLessThanOrEqual(320);
  });

  it('no listener is left on a signal that 10,000 requests used', async () => {
    const listeners = await measure(`
      import { getEventListeners } from 'node:events';
      import { acquire, mutex, run } from 'rxbaton';
      const lock = mutex('lock');
      const { signal } = new AbortController();
      for (let i = 0; i < 10_000; i++) acquire(lock, { signal }).subscribe().unsubscribe();
      const holder = acquire(lock).subscribe();
      const waiting = Array.from({ length: 10_000 }, () => acquire(lock, { signal }).subscribe());
      const whileWaiting = getEventListeners(signal, 'abort').length;
      for (const waiter of waiting) waiter.unsubscribe();
      holder.unsubscribe();
      await run(lock, { signal }, async () => {});
      console.log(JSON.stringify([whileWaiting, getEventListeners(signal, 'abort').length]));
    `);
    expect(listeners).toEqual([expect.any(Number), 0]);
  });
});
