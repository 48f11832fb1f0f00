import type { FileHandle } from 'node:fs/promises';
import type { CoordinationError, LogCorruptError } from '../../lib/errors.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import { CommitHeader } from './CommitHeader.ts';
import type { Contents } from './Contents.ts';
import { codeOf } from './disk.ts';
import { findDamage } from './findDamage.ts';
import { Frame } from './frames.ts';
import type { Handles } from './Handles.ts';
import { Pane } from './Pane.ts';
import { within, type Mark, type Place } from './Places.ts';
import { corrupt, type Home } from './segments.ts';
import { unavailable } from './unavailable.ts';

/** What readers read. */
export interface Source {
  /** Another object when the log had to be opened anew. It may know of more than can be seen. */
  readonly contents: Contents;
  /** Where that ends which may be seen. */
  readonly visible: Place;
  readonly home: Home;
  readonly handles: Handles;
  readonly codec: Codec;
  /** Resolves when `contents` knows of everything that has happened to the files until now. */
  catchUp(): Promise<void>;
}

/**
 * A way through the files, from one frame of a stream to the next, with one piece of a file in memory while somebody goes on. It
 * looks only where the stream has marks, so a stream with little in it is read as fast as if it were alone.
 */
export class Walk {
  /** The frame of the stream at which this has come, in the buffer, and its header. */
  readonly frame: Frame = new Frame();
  readonly header: CommitHeader;
  readonly #stream: string;
  readonly #source: Source;
  readonly #pane = new Pane();
  #contents: Contents;
  #mark: Mark | null = null;
  #segment = 0;
  #offset = 0;
  /** The segment of which the handle is ours to use. */
  #handle: { readonly segment: number; readonly file: FileHandle } | null = null;

  constructor(source: Source, stream: string) {
    this.#source = source;
    this.#stream = stream;
    this.#contents = source.contents;
    this.header = new CommitHeader(stream);
  }

  get segment(): number {
    return this.#segment;
  }

  get buffer(): Buffer {
    return this.#pane.buffer;
  }

  /** Whether the log was opened anew since the last call: what was known of its places holds no more. */
  reopened(): boolean {
    const { contents } = this.#source;
    if (contents === this.#contents) return false;
    this.#contents = contents;
    this.#mark = null;
    return true;
  }

  /** Goes to the next place where there may be something; `false` where that cannot be seen yet. */
  seek(next: number): boolean {
    for (;;) {
      const mark = this.#mark;
      if (mark === null || !this.#contents.segments.has(mark.segment)) {
        const found = this.#contents.places.find(this.#stream, next);
        if (found === null) return false;
        this.#goTo(found);
      } else if (within(mark, this.#segment, this.#offset)) {
        if (this.#offset < this.end) return true;
        if (this.#segment >= this.#source.visible.segment || mark.next === null) return false;
        this.#goTo(mark.next);
      } else if (mark.next === null) return false;
      else this.#goTo(mark.next);
    }
  }

  #goTo(mark: Mark): void {
    if (mark.segment !== this.#segment) this.#pane.clear();
    this.#mark = mark;
    this.#segment = mark.segment;
    this.#offset = mark.offset;
  }

  /** Where that ends which may be seen of the segment. */
  get end(): number {
    const { visible } = this.#source;
    const segment = this.#segment;
    if (segment === visible.segment) return visible.offset;
    return segment < visible.segment ? (this.#contents.segments.get(segment)?.bytes ?? 0) : 0;
  }

  /**
   * Goes on in what is in memory to the next frame of the stream, and reads its header. 0: here it is. -1: there is none up to the
   * end, or to the next mark. Else as many bytes as have to be loaded to say more.
   */
  toFrame(end: number): number {
    const pane = this.#pane;
    const { frame, header } = this;
    while (this.#offset < end && within(this.#mark as Mark, this.#segment, this.#offset)) {
      const found = frame.find(pane.buffer, this.#offset - pane.offset, pane.filled);
      if (found < 0) throw this.damaged('this is no record');
      if (found > 0) return found;
      if (header.matches(frame, pane.buffer)) {
        if (!frame.intact(pane.buffer)) throw this.damaged('a record is not what was written');
        header.read(frame, pane.buffer);
        return 0;
      }
      this.pass();
    }
    return -1;
  }

  /** Leaves the frame behind. */
  pass(): void {
    this.#offset = this.#pane.offset + this.frame.end;
  }

  /** Brings in so many bytes from here on, or more. */
  async load(need: number, end: number): Promise<void> {
    const file = await this.#take();
    // Its segment was dropped in the meantime: what it had is trimmed, and the next look says so.
    if (file === null) return;
    const before = this.#pane.has(this.#offset);
    try {
      await this.#pane.load(file, this.#offset, need, end);
    } catch (error) {
      throw this.#unreadable(error);
    }
    if (this.#pane.has(this.#offset) === before) throw this.damaged('the end of a record is missing');
  }

  async #take(): Promise<FileHandle | null> {
    const segment = this.#segment;
    if (this.#handle?.segment === segment) return this.#handle.file;
    this.#giveBack();
    const { handles } = this.#source;
    try {
      this.#handle = { segment, file: await handles.take(segment) };
      return this.#handle.file;
    } catch (error) {
      handles.give(segment);
      if (codeOf(error) === 'ENOENT') await this.#source.catchUp();
      if (this.#source.contents.segments.has(segment)) throw this.#unreadable(error);
      this.#mark = null;
      return null;
    }
  }

  #giveBack(): void {
    if (this.#handle !== null) this.#source.handles.give(this.#handle.segment);
    this.#handle = null;
  }

  #unreadable(error: unknown): CoordinationError {
    return unavailable(error, this.#source.home.path(this.#segment), 'not-applied');
  }

  /** What is wrong here, with the place. */
  damaged(what: string): LogCorruptError {
    return corrupt(this.#source.home.path(this.#segment), this.#offset, what);
  }

  /** Lets go of everything: whoever waits needs no memory. */
  rest(): void {
    this.#pane.clear();
    this.#giveBack();
  }

  /** The same with the place where it really is: who walks may have passed by it. */
  explained(error: LogCorruptError, seq: number): Promise<LogCorruptError> {
    const segment = this.#segment;
    const from = this.#contents.places.find(this.#stream, seq)?.segment ?? segment;
    return findDamage(this.#source.home, from, { segment, offset: this.end }, error);
  }
}
