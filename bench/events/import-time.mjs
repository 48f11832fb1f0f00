import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// At the root of the repository the package knows itself by its name.
const cwd = fileURLToPath(new URL('../..', import.meta.url));

const SCRIPT = `
  const timed = async (name) => {
    const before = performance.now();
    await import(name);
    return performance.now() - before;
  };
  await timed('node:util'); // the loader itself
  const rxjs = await timed('rxjs');
  const added = await timed('rxbaton');
  const operators = await timed('rxbaton/operators');
  console.log(JSON.stringify({ rxjs, 'rxbaton after it': added, 'rxbaton/operators after both': operators }));
`;

export default {
  title: 'Time to import, each time in a fresh process',
  unit: 'ms',
  options: { rounds: 1, blocks: 21, budget: Infinity },
  implementations: {
    import: () => ({
      measure() {
        const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd });
        if (status !== 0) throw new Error(String(stderr));
        return JSON.parse(stdout);
      },
    }),
  },
  bars: [
    {
      text: "import 'rxbaton', beyond rxjs, against import 'rxjs'",
      atMost: 0.5,
      of: (at) => at('import', 'rxbaton after it') / at('import', 'rxjs'),
    },
  ],
};
