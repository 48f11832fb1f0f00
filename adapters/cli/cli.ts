import { Command, CommanderError } from 'commander';
import type { CoordinationError } from '../../lib/errors.ts';
import { printable } from '../../lib/internal/printable.ts';
import { config } from './config.ts';
import { explain } from './explain.ts';
import { version } from './shipped.ts';
import { replayCommand } from './replay.ts';
import { stats } from './stats.ts';
import { tail } from './tail.ts';
import type { Terminal } from './terminal.ts';
import { verifyCommand } from './verify.ts';

/**
 * The exit codes: 0 it went well, 1 it failed, 2 it was called the wrong way, 3 a check has found something, 4 what was asked
 * for is not there, 5 a log cannot be used, 130 and 143 it was interrupted.
 */
const exitCodes: Readonly<Record<string, number>> = {
  RXB_CONFIG: 2,
  RXB_LOG_CORRUPT: 3,
  RXB_LOG_UNAVAILABLE: 5,
  ENOENT: 4,
};

/** Runs the program `rxbaton` to its end; answers its exit code. */
export async function cli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('rxbaton')
    .description('Looks into the logs that agents leave behind.')
    .version(version(), '--version')
    .helpOption('-h, --help', 'say how it is used')
    .helpCommand(false)
    .showHelpAfterError('(rxbaton --help says how it is used)')
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .exitOverride();
  for (const add of [tail, replayCommand, stats, verifyCommand, config, explain]) add(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return terminal.end();
  } catch (error) {
    terminal.end();
    // It has spoken already. Help and version are errors to it, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return failed(error, terminal);
  }
}

function failed(error: unknown, terminal: Terminal): number {
  const { code, message, cause } = error as CoordinationError & NodeJS.ErrnoException;
  const missing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  const known = typeof code === 'string' && code.startsWith('RXB_');
  terminal.say(`error: ${known ? `${code}: ` : ''}${printable(message)}${known ? ` (rxbaton explain ${code})` : ''}`);
  return exitCodes[missing ? 'ENOENT' : code] ?? 1;
}
