export { coordinate } from './events/coordinate.ts';
export { configureBroker } from './events/configureBroker.ts';
export { createCoordinator } from './events/createCoordinator.ts';
export { currentCall } from './events/currentCall.ts';
export { configure, within } from './events/defaultCoordinator.ts';
export { deadLetters } from './events/deadLetters.ts';
export { define } from './events/define.ts';
export { describeConfig } from './events/describeConfig.ts';
export { emit } from './events/emit.ts';
export { settled } from './events/settled.ts';
export { when } from './events/when.ts';
export { acquire } from './gates/acquire.ts';
export { allOf } from './gates/allOf.ts';
export { detached } from './gates/detached.ts';
export { enter } from './gates/enter.ts';
export { hold } from './gates/hold.ts';
export { inspect, waits } from './gates/inspect.ts';
export { open } from './gates/open.ts';
export { run } from './gates/run.ts';
export { losslessCodec } from './log/losslessCodec.ts';
export { persist } from './log/persist.ts';
export { secret } from './log/secret.ts';
export { cyclicBarrier } from './gates/cyclicBarrier.ts';
export { mutex } from './gates/mutex.ts';
export { readWriteLock } from './gates/readWriteLock.ts';
export { quota } from './gates/quota.ts';
export { rateLimiter } from './gates/rateLimiter.ts';
export { semaphore } from './gates/semaphore.ts';
export { memoryLog } from './log/memoryLog.ts';
export { replay } from './log/replay.ts';
export {
  AbortedError,
  AcquireTimeoutError,
  BackendUnavailableError,
  BarrierBrokenError,
  BusyError,
  CallTimeoutError,
  ClosedError,
  CodecError,
  ConfigError,
  CoordinationError,
  DeadlockError,
  GrantDiscardedError,
  LeaseLostError,
  LimitImpossibleError,
  LogClosedError,
  LogConflictError,
  LogCorruptError,
  LogDuplicateError,
  LogFencedError,
  LogGuardLostError,
  LogLockedError,
  LogTooLargeError,
  LogTrimmedError,
  LogUnavailableError,
  LogVersionError,
  OutsideCallError,
  OverflowError,
  SchemaError,
  SettledInsideError,
  SpecConflictError,
  StaleFenceError,
} from './errors.ts';

export type { CloseOptions, CloseReport, Coordinator, CoordinatorOptions, Logger } from './events/Coordinator.ts';
export type { ConfigureBroker } from './events/configureBroker.ts';
export type { ConfigDescription, ConfigValue } from './events/describeConfig.ts';
export type { CallOptions, GatesOf, MethodOptions } from './events/callOptions.ts';
export type { Coordinate, CoordinateMethod } from './events/coordinateWith.ts';
export type { CurrentCall } from './events/currentCall.ts';
export type { DeadLetter, DeadLetters, Redelivery } from './events/deadLetter.ts';
export type { Define } from './events/defineWith.ts';
export type {
  Abandoned,
  Cancelled,
  Completed,
  CoordinatorEvent,
  ErrorData,
  EventHandle,
  Failed,
  Retrying,
  Started,
} from './events/event.ts';
export type { AnyFunction, Coordinated, Handles, ResultOf, StreamLike, ValueOf } from './events/handles.ts';
export type { HandlerOptions } from './events/handlerOptions.ts';
export type {
  AgentEvents,
  AgentMap,
  DataOf,
  EmitName,
  EventMap,
  EventOf,
  NameData,
  Names,
  Only,
  Registered,
  SelectorOf,
  Strict,
  WhenName,
} from './events/maps.ts';
export type { HandlerDropped, HandlerFailed, OwnEvents, PersistDropped, PersistFailed } from './events/ownEvents.ts';
export type {
  AnySchema,
  DefinedEvent,
  InputOf,
  OutputOf,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from './events/schema.ts';
export type { Selector } from './events/patterns.ts';
export type { Emit, EmitOptions, HandlerSubscription, When } from './events/signatures.ts';
export type { BareWhen } from './events/when.ts';
export type { WhenMethod } from './events/whenMethod.ts';
export type { GateHost } from './gates/host.ts';
export type { AcquireOptions, AllOf, Entered, Gate, GateRef, Grant, Member } from './gates/gate.ts';
export type { Ask, BackendEnv, GateBackend, GateCore, Waiter } from './gates/port.ts';
export type {
  ActivitySink,
  GateActivity,
  GateState,
  HolderState,
  LossReason,
  MaybePromise,
  WaitEdge,
  WaiterState,
} from './gates/state.ts';
export type { BarrierOptions } from './gates/cyclicBarrier.ts';
export type { LeaseOptions } from './gates/lease.ts';
export type { MutexOptions } from './gates/mutex.ts';
export type { ReadWriteLock } from './gates/readWriteLock.ts';
export type { QuotaOptions } from './gates/quota.ts';
export type { LimiterOptions } from './gates/rateLimiter.ts';
export type { SemaphoreOptions } from './gates/semaphore.ts';
export type {
  BarrierSpec,
  GateSpec,
  LimiterSpec,
  MutexSpec,
  QuotaSpec,
  ReadWriteSpec,
  SemaphoreSpec,
  SpecPatch,
  Strategy,
} from './gates/spec.ts';
export type { Clock } from './internal/env.ts';
export type { Codec } from './log/Codec.ts';
export type {
  AppendOptions,
  Durability,
  Effect,
  EventLog,
  Head,
  LogCapabilities,
  Position,
  ReadOptions,
  Receipt,
  Stored,
} from './log/EventLog.ts';
export type { DeliveryOptions } from './log/deliveryOptions.ts';
export type { FileBrokerOptions, MemoryBrokerOptions, RedisBrokerOptions } from './log/destination.ts';
export type { MemoryLog, MemoryLogOptions } from './log/memoryLog.ts';
export type { Mark, ReplayOptions } from './log/replay.ts';
export type { BrokerKind, ConfigSettings, LogLevel } from './log/settings.ts';
export type { Persistence, PersistOptions } from './log/persist.ts';
export type { Secret } from './log/secret.ts';
export type { CoordinationErrorOptions } from './errors.ts';
export type { Overflow } from './internal/backlog.ts';
export type { Retry } from './time/backoff.ts';
export type { Duration } from './time/duration.ts';
