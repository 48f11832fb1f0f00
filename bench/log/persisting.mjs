/** Coordinators whose events are kept, and the logs for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rxbaton } from '../rxbaton.mjs';

export const nothing = () => undefined;

export const memory = ({ memoryLog }) => memoryLog({ keep: 1_000 });

/** A real file in the folder for temporary ones, which ends with the process. */
export const file = (fsync) => async () => {
  const { fileLog } = await import('../../dist/adapters/file.js');
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  process.on('SIGTERM', () => process.exit());
  return fileLog({ directory, fsync, retention: { bytes: 256 * 1024 * 1024 } });
};

export async function persisting(context, open) {
  const api = await rxbaton(context);
  const log = await open(api);
  return { coordinator: api.createCoordinator({ context, ...(log === undefined ? {} : { log }) }) };
}
