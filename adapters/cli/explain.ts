import type { Command } from 'commander';
import { ConfigError } from '../../lib/errors.ts';
import { closest } from '../../lib/internal/closest.ts';
import { errorPage } from './shipped.ts';
import type { Terminal } from './terminal.ts';

/** `rxbaton explain`: what an error code means and what to do, without a network. */
export function explain(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('say what an error code means, and what to do')
    .argument('<code>', 'RXB_BUSY, or BusyError, or busy')
    .option('--json', 'one object of JSON')
    .addHelpText('after', '\nExample:\n  $ rxbaton explain RXB_DEADLOCK')
    .action((code: string, { json }: { json?: true }) => {
      const { name, error, text } = find(code);
      if (json) terminal.json({ code: name, error, text });
      else terminal.print(`${terminal.paint('bold', name)} (${error})\n\n${text.replaceAll('**', '')}`);
    });
}

interface Entry {
  readonly name: string;
  readonly error: string;
  readonly text: string;
}

/** @throws ConfigError */
function find(code: string): Entry {
  const entries = [...errorPage().matchAll(/^## `(\w+)` \((\w+)\)\n+(.*?)\n*(?=^## |(?![^]))/gms)].map(
    ([, name = '', error = '', text = '']): Entry => ({ name, error, text }),
  );
  const wanted = code.toLowerCase();
  const found = entries.find(({ name, error }) =>
    [name, name.replace('RXB_', ''), error].some((each) => each.toLowerCase() === wanted),
  );
  if (found !== undefined) return found;
  const names = entries.map(({ name }) => name);
  const near = closest(code, names) ?? closest(`RXB_${code}`, names);
  throw new ConfigError(`There is no error code '${code}'.`, {
    hint: near === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${near}?`,
  });
}
