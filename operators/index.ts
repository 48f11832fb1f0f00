export { barrier } from './barrier.ts';
export { coordinated } from './coordinated.ts';
export { exclusive } from './exclusive.ts';
export { fixedWindow } from './fixedWindow.ts';
export { leakyBucket } from './leakyBucket.ts';
export { ofName } from './ofName.ts';
export { persistTo } from './persistTo.ts';
export { rateLimit } from './rateLimit.ts';
export { slidingWindow } from './slidingWindow.ts';
export { tokenBucket } from './tokenBucket.ts';
export { withLock } from './withLock.ts';

export type { ExclusiveOptions } from './exclusive.ts';
export type { PersistToOptions } from './persistTo.ts';
export type { Pace, RateLimitOptions } from './rateLimit.ts';
export type { InlineLimiter } from '../lib/gates/inlineLimiter.ts';
export type { BacklogOptions } from '../lib/internal/backlog.ts';
