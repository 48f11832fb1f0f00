/** Makes sure that there is something to measure: the peers installed, the package built from the present sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BENCH = fileURLToPath(new URL('.', import.meta.url));

function npm(args, cwd) {
  const { status, error } = spawnSync('npm', args, { cwd, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}: ${error ?? `exit code ${status}`}`);
}

const newest = (path) =>
  statSync(path).isDirectory()
    ? Math.max(0, ...readdirSync(path).map((name) => newest(`${path}/${name}`)))
    : statSync(path).mtimeMs;

function stale() {
  const built = `${ROOT}dist/index.js`;
  if (!existsSync(built)) return true;
  const sources = ['lib', 'operators', 'adapters', 'rollup.config.mjs'].map((name) => ROOT + name).filter(existsSync);
  return Math.max(...sources.map(newest)) > statSync(built).mtimeMs;
}

/** `say` hears about everything that takes time, before it starts. */
export function prepare(say) {
  if (!existsSync(`${BENCH}node_modules`)) {
    say('installing the peers into bench/node_modules (npm ci, exact versions, once)');
    npm(['ci', '--loglevel=error'], BENCH);
  }
  if (stale()) {
    say('building the package into dist/ (npm run build)');
    npm(['run', '--silent', 'build'], ROOT);
  }
}
