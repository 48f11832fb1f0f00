import { AbortedError, ConfigError, LogTooLargeError } from '../errors.ts';
import { expected, flag, knownOptions, oneOf } from '../internal/options.ts';
import type { Codec } from './Codec.ts';
import { digest } from './digest.ts';
import { Encoded } from './Encoded.ts';
import type { AppendOptions, Durability, Effect, LogCapabilities } from './EventLog.ts';
import { count, finite, lasting, list, name, token } from './checks.ts';

/** An append that means something: its options are checked and nobody else's any more. */
export interface AppendRequest {
  readonly stream: string;
  /** How many events it has. */
  readonly events: number;
  readonly options: AppendOptions;
  /** Of what the commit says and brings about, where it has a `commitId`. What it depends on may change between two deliveries. */
  readonly digest: string | undefined;
}

/** One whose events are texts. */
export interface TextAppend extends AppendRequest {
  readonly texts: readonly string[];
}

const nothing: AppendOptions = Object.freeze({});
/** All there are. */
export const durabilities: readonly Durability[] = ['memory', 'batch', 'sync', 'replicated'];

/**
 * Checks an append, encodes its events and copies its options.
 *
 * @throws ConfigError CodecError LogTooLargeError; AbortedError when the signal has aborted already.
 */
export function appendRequest(
  stream: string,
  events: readonly unknown[],
  options: AppendOptions | undefined,
  codec: Codec,
  capabilities: LogCapabilities,
): TextAppend {
  const checked = checkAppend(stream, events, options, capabilities);
  // Not by `map`, which leaves holes out.
  const texts = Array.from(events, (event) => (event instanceof Encoded ? event.textFor(codec) : codec.encode(event)));
  checkSize(stream, bytesOf(texts, capabilities.maxCommitBytes), capabilities.maxCommitBytes);
  return { stream, events: texts.length, texts, options: checked, digest: digestOf(checked, () => texts) };
}

/**
 * Checks all of an append but its events, and copies its options.
 *
 * @throws ConfigError; AbortedError when the signal has aborted already.
 */
export function checkAppend(
  stream: string,
  events: readonly unknown[],
  options: AppendOptions | undefined,
  capabilities: LogCapabilities,
): AppendOptions {
  name(stream, 'The stream of append');
  if (!Array.isArray(events)) expected('The events of append', 'an array', events);
  const checked = options === undefined ? nothing : appendOptions(options, capabilities);
  const { once, effects, epoch, close, signal } = checked;
  if (events.length === 0 && !once?.length && !effects?.length && epoch === undefined && close !== true) {
    throw new ConfigError(`This append to '${stream}' would do nothing: it has no events and no effects.`);
  }
  if (signal?.aborted === true) {
    throw new AbortedError(`The append to '${stream}' was called off before it began.`, {
      cause: signal.reason,
      details: { stream },
    });
  }
  return checked;
}

/** The digest of an append, where it has a `commitId`. */
export function digestOf(
  { commitId, once, effects, epoch, close }: AppendOptions,
  texts: () => readonly string[],
): string | undefined {
  if (commitId === undefined) return undefined;
  // What is empty says as much as what is left out.
  const marks = JSON.stringify([once ?? [], effects ?? [], epoch ?? null, close === true]);
  return digest([...texts(), marks]);
}

function appendOptions(options: AppendOptions, { durability: has, effects: can }: LogCapabilities): AppendOptions {
  knownOptions('append', options, [
    'expectedSeq',
    'epoch',
    'commitId',
    'once',
    'guards',
    'effects',
    'close',
    'durability',
    'signal',
  ]);
  const { expectedSeq, epoch, commitId, once, guards, effects, close, durability, signal } = options;
  if (expectedSeq !== undefined) count(expectedSeq, 'append.expectedSeq');
  if (epoch !== undefined) count(epoch, 'append.epoch');
  if (commitId !== undefined) name(commitId, 'append.commitId');
  if (close !== undefined) flag(close, 'append.close');
  if (durability !== undefined)
    checkDurability(oneOf(durability, durabilities, 'append.durability'), has, 'append.durability');
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.aborted !== 'boolean') {
    expected('append.signal', 'an AbortSignal', signal);
  }
  if (!can && (guards !== undefined || effects !== undefined)) {
    throw new ConfigError('This log has no effects: neither leases nor indexes.', {
      hint: 'Use another log, or keep them elsewhere.',
    });
  }
  return {
    ...options,
    ...(once !== undefined && { once: different(list(once, 'append.once', name), 'append.once') }),
    ...(guards !== undefined && { guards: list(guards, 'append.guards', guard) }),
    ...(effects !== undefined && { effects: effectsOf(effects) }),
  };
}

/** @throws ConfigError when it is not among those that a log has. */
export function checkDurability(durability: Durability, has: readonly Durability[], option: string): void {
  if (has.includes(durability)) return;
  throw new ConfigError(`This log cannot promise the durability '${durability}'.`, {
    hint: `It has: ${has.join(', ')}.`,
    details: { option, value: durability, has },
  });
}

function effectsOf(given: readonly Effect[]): readonly Effect[] {
  const effects = list(given, 'append.effects', effectOf);
  // Each is decided by what was so before the commit: a key that is in two of them would be decided twice.
  const keys = effects.flatMap((effect) => ('key' in effect ? [effect.key] : []));
  different(keys, 'append.effects: the keys of leases');
  return effects;
}

function guard(value: { readonly key: string; readonly token: number }, owner: string): typeof value {
  knownOptions(owner, value, ['key', 'token']);
  return { key: name(value.key, `${owner}.key`), token: token(value.token, `${owner}.token`) };
}

/** A copy with its fields in one order, so that equal effects have equal digests. */
function effectOf(effect: Effect, owner: string): Effect {
  switch ((effect as Partial<Effect> | null)?.op) {
    case 'lease': {
      knownOptions(owner, effect, ['op', 'key', 'token', 'ttl', 'owner']);
      const { op, key, token: asked, ttl, owner: holder } = effect as Extract<Effect, { op: 'lease' }>;
      name(key, `${owner}.key`);
      if (asked !== null) token(asked, `${owner}.token`);
      return { op, key, token: asked, ttl: lasting(ttl, `${owner}.ttl`), owner: name(holder, `${owner}.owner`) };
    }
    case 'unlease': {
      knownOptions(owner, effect, ['op', 'key']);
      const { op, key } = effect as Extract<Effect, { op: 'unlease' }>;
      return { op, key: name(key, `${owner}.key`) };
    }
    case 'schedule': {
      knownOptions(owner, effect, ['op', 'index', 'member', 'due']);
      const { op, index, member, due } = effect as Extract<Effect, { op: 'schedule' }>;
      return {
        op,
        index: name(index, `${owner}.index`),
        member: name(member, `${owner}.member`),
        due: finite(due, `${owner}.due`),
      };
    }
    case 'unschedule': {
      knownOptions(owner, effect, ['op', 'index', 'member']);
      const { op, index, member } = effect as Extract<Effect, { op: 'unschedule' }>;
      return { op, index: name(index, `${owner}.index`), member: name(member, `${owner}.member`) };
    }
    default:
      return expected(owner, "an effect: 'lease', 'unlease', 'schedule' or 'unschedule'", effect);
  }
}

function different(keys: readonly string[], owner: string): readonly string[] {
  if (new Set(keys).size === keys.length) return keys;
  throw new ConfigError(`${owner} must be different: ${keys.find((key, i) => keys.indexOf(key) < i)} is there twice.`);
}

/** @throws LogTooLargeError */
export function checkSize(stream: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new LogTooLargeError(`A commit of ${bytes} bytes to '${stream}' is more than this log takes, ${most}.`, {
    hint: 'Append it in several commits, or keep large values elsewhere.',
    details: { stream, bytes, most },
  });
}

/** How many bytes texts have in UTF-8, or more as long as that is not above `most`. */
function bytesOf(texts: readonly string[], most: number): number {
  let signs = 0;
  for (const text of texts) signs += text.length;
  // No sign of a string takes more than three bytes, so that most commits need no closer look.
  if (signs * 3 <= most) return signs * 3;
  let bytes = 0;
  for (const text of texts) bytes += bytesIn(text);
  return bytes;
}

function bytesIn(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text.charCodeAt(i);
    // The two halves of a pair make four bytes.
    bytes += sign < 0x80 ? 1 : sign < 0x800 || (sign >= 0xd800 && sign < 0xe000) ? 2 : 3;
  }
  return bytes;
}
