import { mkdir, open, rm } from 'node:fs/promises';
import { writeCheckpoint } from './checkpoint.ts';
import type { Contents, ContentsSnapshot } from './Contents.ts';
import { putFile } from './disk.ts';
import type { FileStore, Site } from './FileStore.ts';
import { takeLock, type Lock } from './lock.ts';
import { openContents } from './openContents.ts';
import { droppable, type Limits } from './retention.ts';
import { directoryHome, firstLine, type Home } from './segments.ts';

/** How much may stand behind the checkpoint when a log is closed: less is read in no time. */
const readInNoTime = 1024 * 1024;

/** A directory that is ours to write to: its lock, its checkpoint, and what may be deleted of it. */
export class DirectorySite implements Site {
  readonly home: Home;
  readonly #directory: string;
  readonly #limits: Limits;
  #lock: Lock | null = null;
  #store: FileStore | null = null;
  /** The segment of the checkpoint: those before it are needed for reading only. 0: there is none. */
  #checkpointed = 0;
  #checkpointBytes = 0;
  /** How much was written behind the checkpoint. */
  #behind = 0;
  #busy: Promise<void> = Promise.resolve();

  constructor(directory: string, limits: Limits) {
    this.home = directoryHome(directory);
    this.#directory = directory;
    this.#limits = limits;
  }

  async open(): Promise<Contents> {
    // A directory that somebody has deleted is not made again: what was acknowledged is not there.
    const first = this.#lock === null;
    if (first) await mkdir(this.#directory, { recursive: true });
    if (this.#lock === null || !(await this.#lock.held())) this.#lock = await takeLock(this.#directory);
    try {
      return await this.#open();
    } catch (error) {
      if (first) await this.#lock.release();
      throw error;
    }
  }

  /** Begins to keep the directory in order. */
  async tend(store: FileStore): Promise<void> {
    this.#store = store;
    await this.#tidy();
  }

  rolled(contents: ContentsSnapshot): void {
    this.#behind += contents.segments.at(-2)?.bytes ?? 0;
    // A checkpoint that is larger than what it spares would only cost.
    if (this.#behind < this.#checkpointBytes * 2) return;
    this.#busy = this.#busy.then(() => this.#checkpoint(contents)).then(() => this.#tidy());
  }

  /** Closes the store and gives the directory back. */
  async close(store: FileStore): Promise<void> {
    this.#store = null;
    await this.#busy;
    await store.close();
    if (!store.ahead && this.#behind + store.contents.offset > readInNoTime)
      await this.#checkpoint(store.contents.snapshot());
    await this.#lock?.release().catch(() => undefined);
  }

  async #open(): Promise<Contents> {
    const { contents, end, leftovers, checkpoint } = await openContents(this.#directory);
    if (end === null) {
      await putFile(this.home.path(1), firstLine(1));
      contents.open(1, firstLine(1).length);
    } else if (end.offset < end.size) await this.#cut(contents, end.offset);
    await Promise.all(leftovers.map((segment) => rm(this.home.path(segment), { force: true })));
    this.#checkpointed = checkpoint?.segment ?? 0;
    return contents;
  }

  /** What follows was being written when its writer died: it was never acknowledged. */
  async #cut({ segment }: Contents, offset: number): Promise<void> {
    const file = await open(this.home.path(segment), 'r+');
    try {
      await file.truncate(offset);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** It saves time and room, and nothing rests on it: when it cannot be written, the next one will do. */
  async #checkpoint(contents: ContentsSnapshot): Promise<void> {
    try {
      this.#checkpointBytes = await writeCheckpoint(this.#directory, contents);
      this.#checkpointed = contents.segment;
      this.#behind = 0;
    } catch {
      // The segments that it would have freed stay.
    }
  }

  /** Deletes what may go, once the log says that it is gone. */
  async #tidy(): Promise<void> {
    const store = this.#store;
    if (store === null) return;
    try {
      const dropped = await store.ask((contents, now) => {
        const at = contents.ledger.moment(now);
        const needed = Math.min(this.#checkpointed, ...store.readers.all().map(({ segment }) => segment));
        const segments = droppable(contents, this.#limits, needed, at);
        if (segments.length > 0) store.put({ op: 'drop', segments, at });
        return segments;
      });
      await Promise.all(dropped.map((segment) => rm(this.home.path(segment), { force: true })));
    } catch {
      // What could not be deleted now is deleted at the next turn or when the log is opened.
    }
  }
}
