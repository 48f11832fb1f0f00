import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on the disk, which ends with the process. */
export function temporary() {
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  process.on('SIGTERM', () => process.exit());
  return directory;
}
