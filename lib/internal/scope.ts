/**
 * The frame of the running code, for coordinators that track (`runIn`) and for those that do not (`runHere`: it holds for
 * synchronous code, makes no `AsyncLocalStorage`, and costs the promises of the process nothing).
 */
import { currentFrame, type Frame } from './context.ts';

let inner: Frame | null = null;
/** The tracked frame in which `inner` was entered: inside a tracked frame that was entered later, `inner` says nothing. */
let around: Frame | null = null;

/** The innermost frame that the running code is known to belong to, or `null`. */
export function frameHere(): Frame | null {
  return inner === null ? currentFrame() : innermost();
}

function innermost(): Frame | null {
  const tracked = currentFrame();
  return around === tracked ? inner : tracked;
}

/** Calls `fn(argument)` as the work of `frame` until it returns. */
export function runHere<A, R>(frame: Frame | null, fn: (argument: A) => R, argument: A): R {
  const innerBefore = inner;
  const aroundBefore = around;
  inner = frame;
  around = currentFrame();
  try {
    return fn(argument);
  } finally {
    inner = innerBefore;
    around = aroundBefore;
  }
}
