import { fstatSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { putFile, writeAll } from './disk.ts';
import type { Place } from './Places.ts';
import { firstLine, type Home } from './segments.ts';

/**
 * When what is written is brought to the disk. `'always'`: before it is acknowledged; a machine that loses its power loses nothing
 * of that. `'batch'`: a tenth of a second later; so much may be lost with the power, nothing with the process. `'never'`: when the
 * operating system likes, often half a minute later, and where a segment ends.
 */
export type Fsync = 'always' | 'batch' | 'never';

/** With `'batch'`, in milliseconds. */
const syncDelay = 100;

/** The end of a log: the segment that is written to, and how far it counts. */
export class Tail {
  /** What is before this place is there; what is behind it was never acknowledged. */
  end: Place;
  readonly #home: Home;
  readonly #fsync: Fsync;
  readonly #clock: Clock;
  #file: FileHandle | null;
  #timer: Subscription | null = null;
  #syncing: Promise<void> | null = null;
  /** What went wrong while nobody waited. */
  #failure: Error | null = null;

  private constructor(home: Home, fsync: Fsync, clock: Clock, end: Place, file: FileHandle) {
    this.end = end;
    this.#home = home;
    this.#fsync = fsync;
    this.#clock = clock;
    this.#file = file;
  }

  static async open(home: Home, fsync: Fsync, clock: Clock, { segment, offset }: Place): Promise<Tail> {
    return new Tail(home, fsync, clock, { segment, offset }, await open(home.path(segment), 'r+'));
  }

  /** Begins another segment. */
  async roll({ segment, offset }: Place): Promise<void> {
    // With every setting: what is torn can only be in the last segment.
    await this.close();
    const path = this.#home.path(segment);
    await putFile(path, firstLine(segment));
    this.#file = await open(path, 'r+');
    this.end = { segment, offset };
  }

  /**
   * Writes what comes next; resolves when it is where it belongs.
   *
   * @param written Called when the operating system has it.
   */
  async write(bytes: Uint8Array, length: number, written: () => void): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const file = this.#file as FileHandle;
    const { segment, offset } = this.end;
    await writeAll(file, bytes, length, offset);
    written();
    if (this.#fsync === 'always') await file.datasync();
    this.#check(file, offset + length);
    if (this.#fsync === 'batch') this.#syncSoon(file);
    this.end = { segment, offset: offset + length };
  }

  /** Takes back what was written behind the end, and lets go of the file; answers whether that is known to be gone. */
  async cut(): Promise<'not-applied' | 'unknown'> {
    const file = await this.#take();
    try {
      await file?.truncate(this.end.offset);
      await file?.datasync();
      return 'not-applied';
    } catch {
      return 'unknown';
    } finally {
      await file?.close().catch(() => undefined);
    }
  }

  /** Brings everything to the disk and lets go of the file. */
  async close(): Promise<void> {
    const file = await this.#take();
    try {
      await file?.datasync();
    } finally {
      await file?.close();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  async #take(): Promise<FileHandle | null> {
    const file = this.#file;
    this.#file = null;
    this.#timer?.unsubscribe();
    this.#timer = null;
    await this.#syncing;
    return file;
  }

  /** A file that was deleted takes what is written, and nobody will ever see it; one that has grown has another writer. */
  #check(file: FileHandle, end: number): void {
    const { nlink, size } = fstatSync(file.fd);
    const path = this.#home.path(this.end.segment);
    if (nlink === 0) throw Object.assign(new Error(`${path} was deleted.`), { code: 'ENOENT' });
    if (size !== end) throw new Error(`somebody else has written to ${path}`);
  }

  #syncSoon(file: FileHandle): void {
    this.#timer ??= after(this.#clock, syncDelay, () => {
      this.#timer = null;
      this.#syncing = file.datasync().catch((error: unknown) => {
        this.#failure = error as Error;
      });
    });
  }
}
