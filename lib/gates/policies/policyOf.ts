import type { Clock } from '../../internal/env.ts';
import type { GateSpec } from '../spec.ts';
import { FixedWindow } from './fixedWindow.ts';
import { Gathering } from './gathering.ts';
import { Gcra } from './gcra.ts';
import { Permits } from './permits.ts';
import type { Policy } from './policy.ts';
import { Budget } from './budget.ts';
import { SlidingWindow } from './slidingWindow.ts';

/** A new account for a description. */
export function policyOf(spec: GateSpec, clock: Clock & { wall(): number }): Policy {
  switch (spec.kind) {
    case 'mutex':
    case 'semaphore':
      return new Permits(spec);
    case 'quota':
      return new Budget(spec, clock);
    case 'barrier':
      return new Gathering(spec);
    case 'limiter':
      switch (spec.strategy) {
        case 'sliding-window':
          return new SlidingWindow(spec);
        case 'fixed-window':
          return new FixedWindow(spec);
        case 'token-bucket':
        case 'leaky-bucket':
          return new Gcra(spec);
      }
  }
}
