import { mkdir, open, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../../lib/errors.ts';
import { Contents } from './Contents.ts';
import { codeOf } from './disk.ts';
import type { Site } from './FileStore.ts';
import { catchUp } from './openContents.ts';
import { fileHome, firstLine, type Home } from './segments.ts';

/** One segment in a file of its own: nobody else writes to it, and it never becomes two. */
export class RecordingSite implements Site {
  readonly home: Home;
  readonly #file: string;
  #begun = false;

  constructor(file: string) {
    this.home = fileHome(file);
    this.#file = file;
  }

  async open(): Promise<Contents> {
    const contents = new Contents();
    if (!this.#begun) {
      await this.#begin();
      this.#begun = true;
      contents.open(1, firstLine(1).length);
    } else {
      const { offset, size } = await catchUp(contents, this.home);
      if (offset < size) await truncate(this.#file, offset);
    }
    return contents;
  }

  rolled(): void {
    // Its one segment has no end.
  }

  async #begin(): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    try {
      const file = await open(this.#file, 'wx');
      try {
        await file.writeFile(firstLine(1));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      throw new ConfigError(`${this.#file} is there already, and a recording is not written over.`, {
        hint: 'Choose another name, or delete it.',
        details: { file: this.#file },
      });
    }
  }
}
