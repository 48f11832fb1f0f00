/**
 * The causal context: which call, handler or hold the running code belongs to. It follows promises and timers through
 * `AsyncLocalStorage` where the host has one; elsewhere it follows synchronous code only.
 */

/** One level of the context. Holders of a gate are frames themselves, so that a hold costs no object more. */
export interface Frame {
  parent: Frame | null;
  /** It has ended: it holds nothing and nobody waits for it. What a root knows still holds for what it left behind. */
  readonly over: boolean;
  /** The coordinator that bare functions resolve to below here; `null` asks the parent. */
  readonly coordinator: object | null;
  /** The event that is the cause of what happens below here; `null` asks the parent. */
  readonly cause: object | null;
  /** The call of a coordinated function that runs here; `null` asks the parent. */
  readonly call: object | null;
  /** Nobody above waits for what happens below: a handler, or detached work. Leases above are not held by it. */
  readonly root: boolean;
  /** The leases that are held while the work of this frame runs: a ticket of `lib/gates`, else `null`. */
  readonly ticket: object | null;
}

interface Storage {
  getStore(): Frame | null | undefined;
  run<A, B, R>(frame: Frame | null, fn: (a: A, b: B) => R, a: A, b: B): R;
}

/** Synchronous code only: what a host without asynchronous context can do. */
function synchronousStorage(): Storage {
  let current: Frame | null = null;
  return {
    getStore: () => current,
    run(frame, fn, a, b) {
      const before = current;
      current = frame;
      try {
        return fn(a, b);
      } finally {
        current = before;
      }
    },
  };
}

function hostStorage(): Storage {
  const host = (globalThis as { process?: { getBuiltinModule?(id: string): unknown } }).process;
  const hooks = host?.getBuiltinModule?.('node:async_hooks') as { AsyncLocalStorage: new () => Storage } | undefined;
  return hooks ? new hooks.AsyncLocalStorage() : synchronousStorage();
}

/** Made when somebody first tracks: until then no promise of the process pays for it. */
let storage: Storage | null = null;

/** The frame that the running code belongs to, or `null`. */
export function currentFrame(): Frame | null {
  return storage === null ? null : (storage.getStore() ?? null);
}

/** Calls `fn(a, b)` as the work of `frame`. The arguments are apart so that hot callers need no closure. */
export function runIn<R>(frame: Frame | null, fn: () => R): R;
export function runIn<A, R>(frame: Frame | null, fn: (a: A) => R, a: A): R;
export function runIn<A, B, R>(frame: Frame | null, fn: (a: A, b: B) => R, a: A, b: B): R;
export function runIn<A, B, R>(frame: Frame | null, fn: (a: A, b: B) => R, a?: A, b?: B): R {
  if (storage === null) {
    // Out of nothing into nothing.
    if (frame === null) return fn(a as A, b as B);
    storage = hostStorage();
  }
  return storage.run(frame, fn, a as A, b as B);
}

/**
 * The nearest frame that has not ended, for something new below it. Those above are joined up again without the ones that
 * have, since work that starts its successor and ends must not leave a chain of frames behind. A root stays: it is the end
 * of the chain, and what an ended handler has left behind still has its cause and its coordinator.
 */
export function living(frame: Frame | null): Frame | null {
  const nearest = skipEnded(frame);
  for (let at = nearest; at !== null; at = at.parent) at.parent = skipEnded(at.parent);
  return nearest;
}

function skipEnded(frame: Frame | null): Frame | null {
  let at = frame;
  while (at !== null && at.over && !at.root) at = at.parent;
  return at;
}

/** The nearest value of `key` from `frame` upwards. */
export function nearest<K extends 'coordinator' | 'cause' | 'call'>(frame: Frame | null, key: K): Frame[K] {
  for (let at = frame; at !== null; at = at.parent) if (at[key] !== null) return at[key];
  return null;
}
