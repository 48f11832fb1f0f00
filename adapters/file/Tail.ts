import { Buffer } from 'node:buffer';
import { fstatSync, ftruncateSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { putFile, writeAll } from './disk.ts';
import type { Place } from './Places.ts';
import { roomBehind } from './room.ts';
import { firstLine, type Home } from './segments.ts';

/**
 * When what is written is brought to the disk. `'always'`: before it is acknowledged; a machine that loses its power loses nothing
 * of that. `'batch'`: a tenth of a second later; so much may be lost with the power, nothing with the process. `'never'`: when the
 * operating system likes, often half a minute later, and where a segment ends.
 */
export type Fsync = 'always' | 'batch' | 'never';

/** How long a tail rests before it does what can wait, in milliseconds: with `'batch'` the sync, with `'always'` giving back its room. */
const rest = 100;
/** With `'always'`: who writes again so soon after the last time, in milliseconds, writes without a pause. */
const pause = 20;

const nothing: Buffer = Buffer.alloc(0);

/**
 * The end of a log: the segment that is written to, and how far it counts. A sync takes longer where the file has grown,
 * whose new length must go to the disk as well. So with `'always'` whoever writes without a pause gets room ahead of the end.
 */
export class Tail {
  /** What is before this place is there; what is behind it was never acknowledged. */
  end: Place;
  readonly #home: Home;
  readonly #fsync: Fsync;
  readonly #clock: Clock;
  #file: FileHandle | null;
  /** How long the file is: it ends here, or has room. */
  #size: number;
  /** When the last write ended, by the clock. */
  #wrote = -Infinity;
  #writing = false;
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
    this.#size = end.offset;
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
    this.#size = offset;
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
    const end = offset + length;
    const always = this.#fsync === 'always';
    const more = always && end > this.#size && this.#clock.now() - this.#wrote < pause ? roomBehind(length) : nothing;
    this.#writing = true;
    try {
      const done = await writeAll(file, bytes.subarray(0, length), more, offset);
      written();
      if (always) await file.datasync();
      this.#size = Math.max(this.#size, offset + done);
      this.#check(file);
    } finally {
      this.#writing = false;
      this.#wrote = this.#clock.now();
    }
    if (this.#fsync === 'batch') this.#later(() => this.#sync(file));
    this.end = { segment, offset: end };
    if (this.#size > end) this.#later(() => this.#giveBack(file));
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
      if (this.#size > this.end.offset) await file?.truncate(this.end.offset);
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
  #check(file: FileHandle): void {
    const { nlink, size } = fstatSync(file.fd);
    const path = this.#home.path(this.end.segment);
    if (nlink === 0) throw Object.assign(new Error(`${path} was deleted.`), { code: 'ENOENT' });
    if (size !== this.#size) throw new Error(`somebody else has written to ${path}`);
  }

  #later(work: () => void, ms = rest): void {
    this.#timer ??= after(this.#clock, ms, () => {
      this.#timer = null;
      work();
    });
  }

  #sync(file: FileHandle): void {
    this.#syncing = file.datasync().catch((error: unknown) => {
      this.#failure = error as Error;
    });
  }

  #giveBack(file: FileHandle): void {
    // Where the write ends this is arranged anew.
    if (this.#writing) return;
    const left = this.#wrote + rest - this.#clock.now();
    if (left > 0) {
      this.#later(() => this.#giveBack(file), left);
      return;
    }
    try {
      // In one step: nobody may begin to write in the middle of it.
      ftruncateSync(file.fd, this.end.offset);
      this.#size = this.end.offset;
    } catch {
      // Then the room stays.
    }
  }
}
