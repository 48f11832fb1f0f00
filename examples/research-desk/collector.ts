/** Finds the documents of a job. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

export interface Document {
  /** What the report calls it: the package, or the file's path in the folder. */
  readonly title: string;
  readonly text: string;
}

/** Something the person who started the job can put right; its message is all that they need to see. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Shorter texts hold nothing to report. */
const SHORTEST = 1_200;
const TEXT = /\.(md|markdown|txt|rst)$/i;
const README = /^readme\.(md|markdown|txt)$/i;

/**
 * Reads up to `count` documents below `folder`, spread evenly over its alphabet. In a `node_modules` folder these are
 * the README files of the packages, elsewhere all text files.
 */
export async function collect(folder: string, count: number): Promise<Document[]> {
  const info = await stat(folder).catch((error: unknown) => {
    throw new InputError(`cannot read the folder ${folder}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  });
  if (!info.isDirectory()) throw new InputError(`${folder} is no folder`);
  const found = path.basename(path.resolve(folder)) === 'node_modules' ? await readmes(folder) : await texts(folder);
  const documents: Document[] = [];
  for (const [title, file] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = await readFile(path.join(folder, file), 'utf8');
    if (text.length >= SHORTEST) documents.push({ title, text });
  }
  if (documents.length === 0) {
    throw new InputError(`no documents in ${folder}: needs .md, .txt or .rst files of ${SHORTEST} characters or more`);
  }
  const step = Math.max(1, documents.length / count);
  return documents.filter((_, n) => Math.floor(n % step) === 0).slice(0, count);
}

/** Titles and paths, relative to the folder. */
type Found = Map<string, string>;

async function texts(folder: string): Promise<Found> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && TEXT.test(entry.name));
  const paths = files.map((file) => path.relative(folder, path.join(file.parentPath, file.name)));
  return new Map(paths.filter((file) => !file.split(path.sep).includes('node_modules')).map((file) => [file, file]));
}

async function readmes(folder: string, scope = ''): Promise<Found> {
  const found: Found = new Map();
  for (const entry of await readdir(path.join(folder, scope), { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const name = path.posix.join(scope, entry.name);
    if (name.startsWith('@') && scope === '') {
      for (const [title, file] of await readmes(folder, name)) found.set(title, file);
    } else {
      const readme = (await readdir(path.join(folder, name))).find((file) => README.test(file));
      if (readme !== undefined) found.set(name, path.join(name, readme));
    }
  }
  return found;
}
