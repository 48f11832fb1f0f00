import type { CoordinatorEvent } from '../events/event.ts';
import { isOwn } from '../events/patterns.ts';
import { lossless } from './losslessCodec.ts';
import type { Redaction } from './redaction.ts';

/** What of an event is written. */
export interface EventTextOptions {
  /** Whether the arguments of calls are. */
  readonly args: boolean;
  /** Whether the results of calls are. */
  readonly result: boolean;
  readonly redaction: Redaction | null;
}

/** The events of calls: what stands there between a function and its caller is what it is, and seldom made to be written. */
const ofCalls = new Set(['_started', '_complete', '_failed', '_cancelled', '_retrying', '_abandoned']);

/** How many names are remembered with their quotes. */
const remembered = 1_000;

/**
 * Writes events as `losslessCodec` would, the name first, so that a reader who wants few names need not look any further.
 * What users emit must be data; of what the library emits for them, what is no data becomes `{"$opaque":...}`.
 *
 * @throws CodecError with a path that begins with `data`.
 */
export function eventText({ args, result, redaction }: EventTextOptions): (event: CoordinatorEvent) => string {
  const strict = { root: 'data', redaction };
  const opaque = { root: 'data', redaction, opaque: true };
  let quoted = new Map<string, string>();
  let latest = NaN;
  let moment = '';

  const head = (name: string): string => {
    let text = quoted.get(name);
    if (text === undefined) {
      if (quoted.size === remembered) quoted = new Map();
      quoted.set(name, (text = `{"name":${lossless(name)},"id":"`));
    }
    return text;
  };

  const dataText = (event: CoordinatorEvent): string => {
    const own = isOwn(event.name);
    return lossless(args && result ? event.data : told(event, own), own || isOfCall(event) ? opaque : strict);
  };

  /** The data, without what is not to be recorded of a call; also where the library speaks of the event of one. */
  const told = (event: CoordinatorEvent, own: boolean): unknown => {
    if (isOfCall(event)) {
      const data = { ...(event.data as { readonly args?: unknown; readonly result?: unknown }) };
      if (!args) delete data.args;
      if (!result) delete data.result;
      return data;
    }
    const about = own ? (event.data as { readonly event?: CoordinatorEvent } | undefined)?.event : undefined;
    if (about === undefined) return event.data;
    return { ...(event.data as object), event: { ...about, data: told(about, false) } };
  };

  return (event) => {
    const { id, seq, timestamp, sender, runId, correlationId, causationId, traceparent } = event;
    // Events of one name and one millisecond come in crowds.
    if (timestamp !== latest) {
      latest = timestamp;
      moment = `","timestamp":${timestamp},"seq":`;
    }
    let text = head(event.name) + id + moment + `${seq}`;
    if (sender !== undefined) text += `,"sender":${lossless(sender)}`;
    if (runId !== undefined) text += `,"runId":${lossless(runId)}`;
    if (correlationId !== undefined) text += `,"correlationId":${lossless(correlationId)}`;
    if (causationId !== undefined) text += `,"causationId":${lossless(causationId)}`;
    if (traceparent !== undefined) text += `,"traceparent":${lossless(traceparent)}`;
    // Data that is undefined is left out, as of events that have none.
    return event.data === undefined ? `${text}}` : `${text},"data":${dataText(event)}}`;
  };
}

function isOfCall({ name, sender, runId }: CoordinatorEvent): boolean {
  return (
    sender !== undefined && runId !== undefined && name.startsWith(sender) && ofCalls.has(name.slice(sender.length))
  );
}
