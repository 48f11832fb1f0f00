import { CodecError } from '../errors.ts';
import { fromBase64 } from '../internal/env.ts';
import { show } from '../internal/options.ts';
import { views } from './views.ts';

type Fields = Record<string, unknown>;

/** Puts values in the place of their tags, in what JSON has just made. */
export function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return list(value);
  let only = '';
  let count = 0;
  for (const key in value) {
    only = key;
    if (++count > 1) break;
  }
  return count === 1 && only.charCodeAt(0) === 36 ? untag(only, (value as Fields)[only]) : fields(value as Fields);
}

function fields(value: Fields): Fields {
  for (const key in value) {
    const part = value[key];
    if (typeof part === 'object' && part !== null) value[key] = revive(part);
  }
  return value;
}

function list(parts: unknown[]): unknown[] {
  let holes = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (typeof part !== 'object' || part === null) continue;
    const revived = (parts[i] = revive(part));
    if (revived instanceof Holes) holes += revived.count;
  }
  return holes === 0 ? parts : withHoles(parts);
}

function withHoles(parts: readonly unknown[]): unknown[] {
  const sparse: unknown[] = [];
  for (const part of parts) {
    if (part instanceof Holes) sparse.length += part.count;
    else sparse.push(part);
  }
  return sparse;
}

/** That many places of a list with nothing in them. */
class Holes {
  readonly count: number;

  constructor(count: number) {
    this.count = count;
  }
}

/** What each tag stands for. Parts are revived by those who have any. */
const tags: Readonly<Record<string, (content: unknown) => unknown>> = {
  $: (content) => fields(content as Fields),
  $undefined: () => undefined,
  $number: Number,
  $bigint: (content) => BigInt(content as string),
  $date: (content) => new Date(content === null ? NaN : (content as string)),
  $map: (content) => new Map(list(content as unknown[]) as [unknown, unknown][]),
  $set: (content) => new Set(list(content as unknown[])),
  $regexp: (content) => {
    const [source, flags, lastIndex = 0] = content as [string, string, number?];
    return Object.assign(new RegExp(source, flags), { lastIndex });
  },
  $url: (content) => new URL(content as string),
  $error: (content) => failure(fields(content as Fields)),
  $holes: (content) => new Holes(content as number),
  $opaque: (content) => ({ $opaque: content }),
  $ArrayBuffer: (content) => bytes(content).buffer,
  ...Object.fromEntries(
    Object.entries(views).map(([name, View]) => [`$${name}`, (content: unknown) => new View(bytes(content).buffer)]),
  ),
};

function untag(tag: string, content: unknown): unknown {
  const meaning = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
  if (meaning === undefined) {
    throw new CodecError(`A text of the log has the tag ${show(tag)}, which this version does not know.`, {
      hint: 'It was written by a later version, or by something else.',
      details: { tag },
    });
  }
  try {
    return meaning(content);
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw new CodecError(`A text of the log has no meaning behind the tag ${show(tag)}.`, { cause, details: { tag } });
  }
}

function bytes(content: unknown): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content as string)) throw new TypeError('This is no base64.');
  return fromBase64(content as string);
}

const classes = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError } as const;

function failure({ name, message, ...rest }: Fields): Error {
  const own = Object.hasOwn(classes, name as string) ? classes[name as keyof typeof classes] : Error;
  const error =
    'errors' in rest ? new AggregateError(rest['errors'] as unknown[], message as string) : new own(message as string);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  };
  if (error.name !== name) hidden('name', name);
  hidden('stack', rest['stack']);
  if ('cause' in rest) hidden('cause', rest['cause']);
  if ('code' in rest) Object.assign(error, { code: rest['code'] });
  return error;
}
