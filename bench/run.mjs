/** npm run bench -- gates | limits | events | log | all | gates/<table> ... [--quick] [--json] [--strict] */
import { cpus } from 'node:os';
import { FULL, QUICK, runTable } from './harness.mjs';
import { barText, tableText } from './report.mjs';
import { prepare } from './setup.mjs';

const GROUPS = ['gates', 'limits', 'events', 'log', 'redis'];
const FLAGS = ['--quick', '--json', '--strict'];
const USAGE = `usage: npm run bench -- ${GROUPS.join(' | ')} | all | <group>/<table> ... [${FLAGS.join('] [')}]`;

const words = process.argv.slice(2);
const flags = new Set(words.filter((word) => word.startsWith('--')));
const json = flags.has('--json');

const tables = Object.fromEntries(
  await Promise.all(GROUPS.map(async (group) => [group, (await import(`./${group}/index.mjs`)).default])),
);

/** `[group, table]` for what the words name. */
function chosen() {
  const named = words.filter((word) => !word.startsWith('--')).flatMap((word) => (word === 'all' ? GROUPS : [word]));
  const wrong = [...flags].find((flag) => !FLAGS.includes(flag));
  if (wrong) throw new RangeError(`unknown flag ${wrong}`);
  if (named.length === 0) throw new RangeError('nothing named to run');
  return named.flatMap((word) => {
    const [group, table] = word.split('/');
    if (!tables[group] || (table && !tables[group].includes(table))) throw new RangeError(`there is no ${word}`);
    return (table ? [table] : tables[group]).map((name) => [group, name]);
  });
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
const print = (text) => {
  progress('');
  if (!json) console.log(text);
};

async function main() {
  const work = chosen();
  prepare((text) => console.error(text));
  const machine = { node: process.version, v8: process.versions.v8, cpu: cpus()[0]?.model, cores: cpus().length };
  const mode = flags.has('--quick') ? 'quick' : 'full';
  print(`${machine.cpu}, ${machine.cores} cores, node ${machine.node}, ${mode} run\n`);
  const groups = {};
  for (const [group, name] of work) {
    const url = new URL(`./${group}/${name}.mjs`, import.meta.url).href;
    const result = await runTable(url, mode === 'quick' ? QUICK : FULL, progress);
    (groups[group] ??= {})[name] = result;
    print(tableText(result));
  }
  const bars = Object.entries(groups).flatMap(([group, results]) =>
    Object.entries(results).flatMap(([table, result]) => result.bars.map((bar) => ({ group, table, ...bar }))),
  );
  if (json) console.log(JSON.stringify({ machine, mode, groups, bars }, null, 2));
  else print(bars.map(barText).join('\n'));
  if (flags.has('--strict') && bars.some((bar) => !bar.met)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof RangeError ? `${error.message}\n${USAGE}` : error);
  process.exitCode = 2;
}
