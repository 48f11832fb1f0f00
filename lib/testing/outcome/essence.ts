import type { CoordinatorEvent } from '../../events/event.ts';
import { isOwn } from '../../events/patterns.ts';
import { redacted, type Redaction } from '../../log/redaction.ts';

/** What of an event is the same whenever it happens: who said what. */
export interface Essence {
  readonly name: string;
  readonly sender: string | undefined;
  readonly data: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** How the events of calls end, and what of their data tells when and where, not what. */
const passing: Readonly<Record<string, readonly string[]>> = {
  started: ['timestamp'],
  complete: ['timestamp', 'duration', 'waited'],
  failed: ['timestamp', 'duration', 'waited'],
  cancelled: ['timestamp', 'duration', 'waited'],
  retrying: ['timestamp', 'delay'],
  abandoned: ['timestamp'],
};

/** Without ids and times, without stacks, and without the places that are to be ignored. */
export function essence({ name, sender, data }: CoordinatorEvent, ignored: Redaction | null): Essence {
  const told = isOwn(name) ? ofLibrary(data) : ofCall(name, sender, data);
  return { name, sender, data: ignored === null ? told : without(told, [], ignored) };
}

function ofCall(name: string, sender: string | undefined, data: unknown): unknown {
  if (sender === undefined || !name.startsWith(`${sender}_`) || !isFields(data)) return data;
  const left = passing[name.slice(sender.length + 1)];
  if (left === undefined) return data;
  return unstacked(less(data, left), ['error', 'reason']);
}

/** `rxbaton.handler_failed` and its like carry the event that they are about. */
function ofLibrary(data: unknown): unknown {
  if (!isFields(data)) return data;
  const { event } = data as { readonly event?: CoordinatorEvent };
  return unstacked(event === undefined ? data : { ...data, event: { name: event.name, data: event.data } }, ['error']);
}

/** Errors without their stacks, down to the first cause. */
function unstacked(data: Fields, keys: readonly string[]): Fields {
  return mapped(data, (key, value) =>
    keys.includes(key) && isFields(value) ? unstacked(less(value, ['stack']), ['cause']) : value,
  );
}

const mapped = (data: Fields, change: (key: string, value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(key, value)]));

const less = (data: Fields, keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)));

function without(value: unknown, path: readonly (string | number)[], ignored: Redaction): unknown {
  if (Array.isArray(value))
    return value.map((item: unknown, i) =>
      ignored.covers([...path, i]) ? redacted : without(item, [...path, i], ignored),
    );
  if (!isFields(value)) return value;
  const kept = Object.keys(value).filter((key) => !ignored.covers([...path, key]));
  return Object.fromEntries(kept.map((key) => [key, without(value[key], [...path, key], ignored)]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
