import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const resolveDir = fileURLToPath(new URL('../..', import.meta.url));

/** Bytes of what a user would ship: minified, gzipped, rxjs apart. */
const bundled = (contents) => ({
  async measure() {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      stdin: { contents, resolveDir },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      external: ['rxjs', 'rxjs/*', 'node:*'],
    });
    const code = outputFiles[0].contents;
    return { 'gzipped, bytes': gzipSync(code, { level: 9 }).length, 'minified, bytes': code.length };
  },
});

const alone = 'withLock';

export default {
  title: 'Bundle size, without rxjs',
  unit: 'bytes',
  options: { rounds: 1, blocks: 1 },
  implementations: {
    [alone]: () => bundled("export { withLock } from 'rxbaton/operators'"),
    'withLock and mutex': () =>
      bundled("export { withLock } from 'rxbaton/operators'; export { mutex } from 'rxbaton'"),
    'emit and when': () => bundled("export { emit, when } from 'rxbaton'"),
    everything: () => bundled("export * from 'rxbaton'; export * from 'rxbaton/operators'"),
  },
  bars: [{ text: 'withLock alone, gzipped', unit: 'bytes', atMost: 5_000, of: (at) => at(alone, 'gzipped, bytes') }],
};
