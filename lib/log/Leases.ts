import { LogGuardLostError } from '../errors.ts';
import type { Effect } from './EventLog.ts';
import type { Decided } from './records.ts';

/** Who holds a key, with which token, and until when. */
export interface Lease {
  readonly token: number;
  readonly until: number;
  readonly owner: string;
}

/** The leases of a log, over all its streams. They lapse by themselves: nothing is recorded when they do. */
export class Leases {
  readonly #leases = new Map<string, Lease>();
  /** The highest token that was issued, for whichever key. */
  #token = 0;
  /** At this size those that have lapsed are looked for: each is looked at a few times in its life, wherever it stands. */
  #sweepAt = 64;

  /** With some that have lapsed. */
  get size(): number {
    return this.#leases.size;
  }

  get token(): number {
    return this.#token;
  }

  live(key: string, at: number): Lease | undefined {
    const lease = this.#leases.get(key);
    return lease !== undefined && lease.until > at ? lease : undefined;
  }

  /** @throws LogGuardLostError when the key is not held with this token. */
  check(key: string, token: number, at: number, stream: string): void {
    const lease = this.live(key, at);
    if (lease?.token === token) return;
    const now = lease === undefined ? 'nobody holds it' : `${lease.owner} holds it with token ${lease.token}`;
    throw new LogGuardLostError(`The lease '${key}' with token ${token} is gone: ${now}.`, {
      hint: 'Stop the work that it guarded.',
      details: { stream, key, token, holder: lease?.owner },
    });
  }

  /**
   * What effects will do, with tokens and moments. No key is in two of them.
   *
   * @throws LogGuardLostError when a lease is not to be had.
   */
  decide(effects: readonly Effect[], at: number, stream: string): readonly Decided[] {
    let token = this.#token;
    return effects.map((effect): Decided => {
      if (effect.op !== 'lease') return effect;
      const { key, ttl, owner } = effect;
      const until = at + ttl;
      if (effect.token !== null) {
        this.check(key, effect.token, at, stream);
        return { op: 'lease', key, token: effect.token, until, owner };
      }
      const held = this.live(key, at);
      if (held === undefined) return { op: 'lease', key, token: ++token, until, owner, issued: true };
      throw new LogGuardLostError(`The lease '${key}' is held by ${held.owner} for another ${held.until - at} ms.`, {
        hint: 'Wait until it is given up or lapses.',
        details: { stream, key, token: null, holder: held.owner, until: held.until },
      });
    });
  }

  /** Takes in what was decided. */
  set(key: string, lease: Lease, at: number): void {
    this.#token = Math.max(this.#token, lease.token);
    this.#leases.set(key, lease);
    if (this.#leases.size < this.#sweepAt) return;
    for (const [each, { until }] of this.#leases) if (until <= at) this.#leases.delete(each);
    this.#sweepAt = Math.max(64, 2 * this.#leases.size);
  }

  renew(key: string, token: number, until: number): void {
    const lease = this.#leases.get(key);
    if (lease?.token === token) this.#leases.set(key, { ...lease, until });
  }

  delete(key: string): void {
    this.#leases.delete(key);
  }

  /** Those that are live. */
  entries(at: number): readonly (readonly [key: string, lease: Lease])[] {
    return [...this.#leases].filter(([, { until }]) => until > at);
  }

  static from(token: number, leases: readonly (readonly [string, Lease])[]): Leases {
    const made = new Leases();
    made.#token = token;
    for (const [key, lease] of leases) made.#leases.set(key, lease);
    return made;
  }
}
