/** The events that the library emits about itself. */
import type { GateActivity } from '../gates/state.ts';
import type { Overflow } from '../internal/backlog.ts';
import type { CoordinatorEvent, ErrorData } from './event.ts';

/** `rxbaton.handler_failed`: a handler threw or rejected, and its retries, if any, are used up. */
export interface HandlerFailed {
  /** The name of the event that it failed on. */
  readonly name: string;
  /** The name of the function, or what it was subscribed to. */
  readonly handler: string;
  readonly error: ErrorData;
  readonly event: CoordinatorEvent;
}

/** `rxbaton.handler_dropped`: the queue of a handler was full and an event was lost for it. */
export interface HandlerDropped {
  /** The name of the event that was lost. */
  readonly name: string;
  /** The name of the function, or what it was subscribed to. */
  readonly handler: string;
  readonly policy: Overflow;
  /** How many this handler has lost so far, this one included. */
  readonly dropped: number;
  readonly event: CoordinatorEvent;
}

interface NotPersisted {
  /** The stream of the log in which they were to be kept. */
  readonly stream: string;
  /** How many events it is about. */
  readonly events: number;
  /** Their names, each once, ten at most. */
  readonly names: readonly string[];
  /** How many this `persist` has lost so far, these included. */
  readonly lost: number;
}

/** `rxbaton.persist_failed`: events are not in the log, or nobody knows whether they are. */
export interface PersistFailed extends NotPersisted {
  readonly error: ErrorData;
}

/** `rxbaton.persist_dropped`: the buffer was full and events were lost, as its policy says. */
export interface PersistDropped extends NotPersisted {
  readonly policy: Overflow;
}

/** All of them, by name. */
export interface OwnEvents extends Record<`rxbaton.gate.${GateActivity['action']}`, GateActivity> {
  'rxbaton.handler_failed': HandlerFailed;
  'rxbaton.handler_dropped': HandlerDropped;
  'rxbaton.persist_failed': PersistFailed;
  'rxbaton.persist_dropped': PersistDropped;
}

const gateActions: readonly GateActivity['action'][] = [
  'queued',
  'granted',
  'released',
  'refused',
  'left',
  'lost',
  'changed',
  'deadlock',
];

/** The names of gate activity. */
export const gateEvents: readonly string[] = /*@__PURE__*/ gateActions.map((action) => `rxbaton.gate.${action}`);
