export {
  AbortedError,
  AcquireTimeoutError,
  BarrierBrokenError,
  BusyError,
  CallTimeoutError,
  ClosedError,
  ConfigError,
  CoordinationError,
  DeadlockError,
  GrantDiscardedError,
  LeaseLostError,
  LimitImpossibleError,
  OverflowError,
  SettledInsideError,
  SpecConflictError,
} from './errors.ts';
export type { CoordinationErrorOptions } from './errors.ts';
export type { Duration } from './time/duration.ts';
