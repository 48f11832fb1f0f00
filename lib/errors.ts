/**
 * Every error of the library, one class for each thing that can be told apart, in one file so that the catalogue is
 * complete by construction. A message says what happened, to which named thing, after how long, who else is involved;
 * the hint says what to do.
 */

export interface CoordinationErrorOptions {
  /** What to do about it, in the imperative. */
  readonly hint?: string;
  /** The facts of the message, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The base of all errors of the library. `code` is stable; the wording is not. */
export abstract class CoordinationError extends Error {
  abstract readonly code: `RXB_${string}`;
  /** A brand, for hosts with two copies of the library, where `instanceof` fails. */
  readonly isCoordinationError = true;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, { hint, details = {}, cause }: CoordinationErrorOptions = {}) {
    super(hint === undefined ? message : `${message} ${hint}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.hint = hint;
    this.details = details;
  }
}

/** An option or argument is out of range, of the wrong type or unknown. Nothing was changed. */
export class ConfigError extends CoordinationError {
  readonly code = 'RXB_CONFIG';
}

/** A gate that is in use or defined was asked for with other settings, or an event was defined with another schema. */
export class SpecConflictError extends CoordinationError {
  readonly code = 'RXB_SPEC_CONFLICT';
}

/** `timeout: 0`: the gate was not free at once. */
export class BusyError extends CoordinationError {
  readonly code = 'RXB_BUSY';
}

/** The gate did not open before the `timeout` of the request. */
export class AcquireTimeoutError extends CoordinationError {
  readonly code = 'RXB_ACQUIRE_TIMEOUT';
}

/** The `signal` of the caller aborted; its reason is the `cause`. */
export class AbortedError extends CoordinationError {
  readonly code = 'RXB_ABORTED';
}

/** A lease was lost while it was held: it lapsed, was forced free, or its backend no longer vouches for it. */
export class LeaseLostError extends CoordinationError {
  readonly code = 'RXB_LEASE_LOST';
}

/** A store has refused a write under a fence that is older than one it has seen: its writer has lost the lease. */
export class StaleFenceError extends CoordinationError {
  readonly code = 'RXB_STALE_FENCE';
}

/** Waiting would have closed a cycle in which everybody waits for ever. `details.cycle` names it. */
export class DeadlockError extends CoordinationError {
  readonly code = 'RXB_DEADLOCK';
}

/** The request costs more than the gate can ever give. */
export class LimitImpossibleError extends CoordinationError {
  readonly code = 'RXB_LIMIT_IMPOSSIBLE';
}

/** A party left the barrier or its time ran out; this generation is broken for everybody who waited. */
export class BarrierBrokenError extends CoordinationError {
  readonly code = 'RXB_BARRIER_BROKEN';
}

/** A lease was given back inside its own first notification, so that what follows runs without it. */
export class GrantDiscardedError extends CoordinationError {
  readonly code = 'RXB_GRANT_DISCARDED';
}

/** The place where the gate lives did not answer in time, or could not. `details.outcome` says whether it may have heard. */
export class BackendUnavailableError extends CoordinationError {
  readonly code = 'RXB_BACKEND_UNAVAILABLE';
}

/** A bounded queue or buffer was full and its policy is to refuse. */
export class OverflowError extends CoordinationError {
  readonly code = 'RXB_OVERFLOW';
}

/** A call of a coordinated function, or a handler, took longer than its `timeout`. */
export class CallTimeoutError extends CoordinationError {
  readonly code = 'RXB_CALL_TIMEOUT';
}

/** The coordinator or the log is closed. */
export class ClosedError extends CoordinationError {
  readonly code = 'RXB_CLOSED';
}

/** `settled()` was called by work that it would have to wait for. */
export class SettledInsideError extends CoordinationError {
  readonly code = 'RXB_SETTLED_INSIDE';
}

/** `currentCall()` was read by code that belongs to no call of a coordinated function, as far as that is known. */
export class OutsideCallError extends CoordinationError {
  readonly code = 'RXB_OUTSIDE_CALL';
}

/** A value cannot be written to a log, or what stands there cannot be read. `details.path` names the place in the value. */
export class CodecError extends CoordinationError {
  readonly code = 'RXB_CODEC';
}

/** The payload of an event breaks the schema of its name. `details.issues` are those of the schema. */
export class SchemaError extends CoordinationError {
  readonly code = 'RXB_SCHEMA';
}

/** The stream was closed by its terminal commit. */
export class LogClosedError extends CoordinationError {
  readonly code = 'RXB_LOG_CLOSED';
}

/** A newer owner has raised the epoch of the stream: `details.epoch`. */
export class LogFencedError extends CoordinationError {
  readonly code = 'RXB_LOG_FENCED';
}

/** A lease that the commit depends on is not held with this token: `details.key`. */
export class LogGuardLostError extends CoordinationError {
  readonly code = 'RXB_LOG_GUARD_LOST';
}

/** A key that may be used once was used by an earlier commit, whose first event is `details.seq`. */
export class LogDuplicateError extends CoordinationError {
  readonly code = 'RXB_LOG_DUPLICATE';
}

/** The stream is not where the caller thought it was: its last event is `details.seq`. */
export class LogConflictError extends CoordinationError {
  readonly code = 'RXB_LOG_CONFLICT';
}

/** The commit is larger than the log takes. */
export class LogTooLargeError extends CoordinationError {
  readonly code = 'RXB_LOG_TOO_LARGE';
}

/**
 * The store did not answer, or could not write. `details.outcome`: `'not-applied'`, or `'unknown'`, which is to be repeated
 * with the same `commitId`.
 */
export class LogUnavailableError extends CoordinationError {
  readonly code = 'RXB_LOG_UNAVAILABLE';
}

/** What was asked for has been trimmed away. The first event there is has `details.firstSeq`. */
export class LogTrimmedError extends CoordinationError {
  readonly code = 'RXB_LOG_TRIMMED';
}

/** What the store gives back is not what was written to it: `details.file` and `details.offset` say where. */
export class LogCorruptError extends CoordinationError {
  readonly code = 'RXB_LOG_CORRUPT';
}

/** Another process that is alive writes to this log. */
export class LogLockedError extends CoordinationError {
  readonly code = 'RXB_LOG_LOCKED';
}

/** The log was written in a format of another version. */
export class LogVersionError extends CoordinationError {
  readonly code = 'RXB_LOG_VERSION';
}
