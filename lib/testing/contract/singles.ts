/** Gates that let one in at a time, and how room is made for the next: what the laws of queueing are tried on. */
import { mutex } from '../../gates/mutex.ts';
import { quota } from '../../gates/quota.ts';
import { rateLimiter } from '../../gates/rateLimiter.ts';
import { readWriteLock } from '../../gates/readWriteLock.ts';
import { semaphore } from '../../gates/semaphore.ts';
import type { GateSpec, Strategy } from '../../gates/spec.ts';
import type { Asked, GateLab } from './lab.ts';

export interface Single {
  readonly title: string;
  readonly spec: (unit: number) => GateSpec;
  /** Ends the admission of `inside`. */
  readonly makeRoom: (lab: GateLab, inside: Asked) => Promise<void>;
  /** What somebody who is inside looks like. */
  readonly inside: 'held' | 'spent';
}

const leave = async (lab: GateLab, inside: Asked): Promise<void> => {
  inside.leave();
  await lab.idle();
};
const wait = (lab: GateLab): Promise<void> => lab.advance(lab.unit);

const leaveAndWait = async (lab: GateLab, inside: Asked): Promise<void> => {
  await leave(lab, inside);
  await wait(lab);
};

function paced(strategy: Strategy): Single {
  return {
    title: strategy.replace('-', ' '),
    spec: (unit) => rateLimiter('gate', { limit: 1, per: unit, strategy }),
    makeRoom: wait,
    inside: 'spent',
  };
}

export const singles: readonly Single[] = [
  { title: 'mutex', spec: () => mutex('gate'), makeRoom: leave, inside: 'held' },
  { title: 'semaphore', spec: () => semaphore('gate', { permits: 1 }), makeRoom: leave, inside: 'held' },
  { title: 'read/write lock', spec: () => readWriteLock('gate').write, makeRoom: leave, inside: 'held' },
  { title: 'quota', spec: (unit) => quota('gate', { limit: 1, per: unit }), makeRoom: wait, inside: 'held' },
  paced('sliding-window'),
  {
    title: 'sliding window from the release',
    spec: (unit) => rateLimiter('gate', { limit: 1, per: unit, from: 'release' }),
    makeRoom: leaveAndWait,
    inside: 'held',
  },
  paced('token-bucket'),
  paced('fixed-window'),
  paced('leaky-bucket'),
];
