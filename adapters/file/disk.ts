/** Steps of the file system that must be whole: what they leave behind is on the disk, or was never there. */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a failed call of the file system says: `ENOENT`. */
export const codeOf = (error: unknown): string | undefined => (error as { readonly code?: string } | null)?.code;

/** Writes all of `bytes`, since a write may take less than it was given, and as much of `more` as the disk takes; answers how much that is. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  more: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    done += (await file.writev([bytes.subarray(done), more], position + done)).bytesWritten;
  }
  return done;
}

/** Makes sure that the names in a directory are on the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts a file in its place in one step: it has this text, or it is what it was before. */
export async function putFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  try {
    const file = await open(draft, 'w');
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}
