/** What a directory held at some place, kept in a file: opening begins there, and what stands before it may be deleted. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { LogVersionError } from '../../lib/errors.ts';
import type { ContentsSnapshot } from './Contents.ts';
import { codeOf, putFile } from './disk.ts';
import { version } from './segments.ts';

const checkpointPath = (directory: string): string => join(directory, 'checkpoint.json');

const crcOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** Puts it in the place of the last one, and answers how many bytes it has. */
export async function writeCheckpoint(directory: string, snapshot: ContentsSnapshot): Promise<number> {
  const contents = JSON.stringify(snapshot);
  const text = `{"rxbaton":"checkpoint","version":${version},"crc":"${crcOf(contents)}","contents":${contents}}\n`;
  await putFile(checkpointPath(directory), text);
  return text.length;
}

/** A checkpoint that can be used; or why there is none: it is not there, or it is damaged. */
export type Checkpoint = { readonly contents: ContentsSnapshot } | { readonly damage: string | null };

/** @throws LogVersionError */
export async function readCheckpoint(directory: string): Promise<Checkpoint & { readonly file: string }> {
  const file = checkpointPath(directory);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { file, damage: null };
    throw error;
  }
  const parts = /^\{"rxbaton":"checkpoint","version":(\d+),(?:"crc":"([0-9a-f]{8})","contents":(\{.*\})\}\n$)?/.exec(
    text,
  );
  const [, written, crc, contents] = parts ?? [];
  if (written !== undefined && Number(written) !== version) {
    throw new LogVersionError(
      `${file} was written in version ${written} of the format; this library reads ${version}.`,
      {
        hint: 'Use the release of the library that wrote it.',
        details: { file, version: Number(written), supported: version },
      },
    );
  }
  if (contents === undefined || crcOf(contents) !== crc) return { file, damage: 'it is not what was written' };
  return { file, contents: JSON.parse(contents) as ContentsSnapshot };
}
