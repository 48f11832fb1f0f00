import type { Command } from 'commander';
import { stat } from 'node:fs/promises';
import { verify, type Verification } from '../file/verify.ts';
import { NotThere, usualFolder } from './source.ts';
import type { Terminal } from './terminal.ts';

/** `rxbaton verify`: whether a log is what was written to it. */
export function verifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('verify')
    .description('read a log byte by byte and list what is damaged in it; exit code 3 when there is anything')
    .argument('[folder]', 'the folder of the log, or a recorded file (default: RXBATON_DIRECTORY, else .rxbaton)')
    .option('--json', 'one object of JSON')
    .addHelpText('after', '\nExample:\n  $ rxbaton verify /var/lib/agents/events || alert-somebody')
    .action(async (folder: string | undefined, { json }: { json?: true }) => {
      const path = folder ?? usualFolder();
      if ((await stat(path).catch(() => null)) === null) throw new NotThere(`There is no log at '${path}'.`);
      const found = await verify(path);
      if (found.segments === 0 && found.damages.length === 0) throw new NotThere(`There is no log at '${path}'.`);
      if (json) terminal.json(found);
      else tell(found, terminal);
      if (found.damages.length > 0) terminal.found(3);
    });
}

function tell({ segments, bytes, commits, events, damages, torn }: Verification, terminal: Terminal): void {
  for (const { file, offset, what } of damages)
    terminal.print(`${terminal.paint('red', `${file}:${offset}`)}: ${what}`);
  // Nobody was told that it is there: no damage, and the next writer cuts it off.
  if (torn !== null)
    terminal.say(`${torn.file}:${torn.offset}: ${torn.bytes} bytes of an unfinished commit, which do not count`);
  const size = [
    counted(segments, 'segment'),
    counted(bytes, 'byte'),
    counted(commits, 'commit'),
    counted(events, 'event'),
  ].join(', ');
  terminal.print(`${size}: ${damages.length === 0 ? terminal.paint('green', 'whole') : `${damages.length} damaged`}`);
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
