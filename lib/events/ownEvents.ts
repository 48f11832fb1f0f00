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

/** All of them, by name. */
export interface OwnEvents extends Record<`rxbaton.gate.${GateActivity['action']}`, GateActivity> {
  'rxbaton.handler_failed': HandlerFailed;
  'rxbaton.handler_dropped': HandlerDropped;
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
