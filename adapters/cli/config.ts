import type { Command } from 'commander';
import { describeConfig } from '../../lib/events/describeConfig.ts';
import type { Terminal } from './terminal.ts';
import { table } from './table.ts';

/** `rxbaton config`: what holds here, and where it comes from. */
export function config(program: Command, terminal: Terminal): void {
  program
    .command('config')
    .description('show each setting and where it comes from, as a program that is started here would have it')
    .option('--json', 'one object of JSON')
    .addHelpText('after', '\nExample:\n  $ RXBATON_BACKEND=file rxbaton config')
    .action(({ json }: { json?: true }) => {
      const settings = describeConfig();
      if (json) {
        terminal.json(settings);
        return;
      }
      const rows = Object.entries(settings).map(([name, { value, from, by }]) => [
        name,
        value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value),
        by === undefined ? from : `${from} ${by}`,
      ]);
      for (const line of table(['SETTING', 'VALUE', 'FROM'], rows)) terminal.print(line);
    });
}
