import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package: of the one that is installed, or of the repository. */
function home(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const version = (): string =>
  (JSON.parse(readFileSync(join(home(), 'package.json'), 'utf8')) as { version: string }).version;

/** The page about errors. The build puts a copy of it beside the code. */
export function errorPage(): string {
  const [copy, original] = [join(home(), 'dist/errors.md'), join(home(), 'docs/errors.md')];
  return readFileSync(existsSync(original) ? original : copy, 'utf8');
}
