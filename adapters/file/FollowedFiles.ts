import type { CoordinationError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import { Readers } from '../../lib/log/Readers.ts';
import type { Contents } from './Contents.ts';
import type { FileReader } from './FileReader.ts';
import { Handles } from './Handles.ts';
import { catchUp } from './openContents.ts';
import { Outstanding } from './Outstanding.ts';
import type { Place } from './Places.ts';
import type { Question, Questioned } from './reading.ts';
import type { Home } from './segments.ts';
import { unavailable } from './unavailable.ts';
import { watchPath } from './watchPath.ts';

/** Where files are that somebody else writes to. */
export interface ReadSite {
  readonly home: Home;
  /** What to watch: the directory, or the file. */
  readonly path: string;
  /** What they hold. */
  readonly load: () => Promise<Contents>;
}

/** Files that somebody else writes to, or nobody: what they say is taken in when it is asked for, and when they change while somebody reads. */
export class FollowedFiles implements Questioned {
  readonly home: Home;
  readonly handles: Handles;
  readonly codec: Codec;
  readonly readers: Readers<FileReader> = new Readers();
  contents: Contents;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #load: () => Promise<Contents>;
  readonly #asked = new Outstanding();
  #catching: Promise<void> | null = null;
  /** Something may have been added since the present look began. */
  #again = false;
  #unwatch: (() => void) | null = null;

  private constructor(site: ReadSite, contents: Contents, codec: Codec, clock: Clock) {
    this.home = site.home;
    this.handles = new Handles(site.home);
    this.codec = codec;
    this.contents = contents;
    this.#clock = clock;
    this.#path = site.path;
    this.#load = site.load;
  }

  /** @throws LogUnavailableError LogCorruptError LogVersionError */
  static async open(site: ReadSite, codec: Codec, clock: Clock): Promise<FollowedFiles> {
    try {
      // What is deleted just while we look is not missing at the second look.
      const contents = await site.load().catch(site.load);
      return new FollowedFiles(site, contents, codec, clock);
    } catch (error) {
      throw unavailable(error, site.path, 'not-applied');
    }
  }

  get visible(): Place {
    return this.contents;
  }

  ask<T>(question: Question<T>): Promise<T> {
    const now = (): number => this.#clock.wall?.() ?? this.#clock.now();
    return this.#asked.add(this.catchUp().then(() => question(this.contents, now())));
  }

  /** Resolves when every question was answered. */
  settled(): Promise<void> {
    return this.#asked.settled();
  }

  join(reader: FileReader): void {
    this.readers.add(reader);
    if (this.#unwatch === null) this.#watch();
  }

  leave(reader: FileReader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = null;
  }

  catchUp(): Promise<void> {
    this.#again = true;
    this.#catching ??= this.#takeIn().finally(() => {
      this.#catching = null;
    });
    return this.#catching;
  }

  async #takeIn(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        try {
          await catchUp(this.contents, this.home);
        } catch {
          // We were so slow that segments went which we had not seen. What is really damaged is damaged now too.
          this.contents = await this.#load();
        }
        for (const reader of this.readers.all()) reader.wake();
      }
    } catch (error) {
      throw unavailable(error, this.#path, 'not-applied');
    }
  }

  #watch(): void {
    const changed = (): void => {
      this.catchUp().catch((error: unknown) => this.#fail(error as CoordinationError));
    };
    this.#unwatch = watchPath(this.#path, changed, (error) =>
      this.#fail(unavailable(error, this.#path, 'not-applied')),
    );
    // What was added before somebody watched.
    changed();
  }

  #fail(error: CoordinationError): void {
    for (const reader of this.readers.all()) reader.abort(error);
  }
}
