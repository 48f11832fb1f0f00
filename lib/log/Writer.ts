import { CodecError } from '../errors.ts';
import { toBase64 } from '../internal/env.ts';
import { redacted, type Redaction } from './redaction.ts';
import { views } from './views.ts';

/** Deeper than that no data is: it has no end, or was made to harm. */
const deepest = 1000;

/** How a value is written. */
export interface LosslessOptions {
  /** What the path of an error starts with. Default: nothing. */
  readonly root?: string;
  /** What cannot be written becomes `{"$opaque":"Function"}`, with the name of its type, instead of an error. Default `false`. */
  readonly opaque?: boolean;
  /** What is `[redacted]`. Default: nothing. */
  readonly redaction?: Redaction | null;
}

/** Writes what JSON has no word for; slower than JSON, so it is asked only where there is need. One for each value. */
export class Writer {
  readonly #root: string;
  readonly #opaque: boolean;
  readonly #redaction: Redaction | null;
  /** The keys that lead to what is being written. */
  readonly #path: (string | number)[] = [];
  /** The objects on that way. */
  readonly #above = new Set<object>();

  constructor({ root = '', opaque = false, redaction = null }: LosslessOptions = {}) {
    this.#root = root;
    this.#opaque = opaque;
    this.#redaction = redaction;
  }

  /** @throws CodecError */
  write(value: unknown): string {
    try {
      return this.#value(value);
    } catch (error) {
      if (error instanceof CodecError) throw error;
      // Not even the place of what went wrong could be told: little was left of the stack.
      if (this.#opaque) return opaque('Unreadable');
      throw this.#error('cannot be read', error);
    }
  }

  #value(value: unknown): string {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return JSON.stringify(value);
      case 'number':
        if (Number.isFinite(value) && !Object.is(value, -0)) return `${value}`;
        return `{"$number":"${Object.is(value, -0) ? '-0' : value}"}`;
      case 'undefined':
        return '{"$undefined":true}';
      case 'bigint':
        return `{"$bigint":"${value}"}`;
      case 'object':
        return value === null ? 'null' : this.#object(value);
      default:
        return this.#cannot(typeof value === 'function' ? 'Function' : 'Symbol', `is a ${typeof value}`);
    }
  }

  #object(value: object): string {
    if (this.#above.has(value)) return this.#cannot('Circular', 'contains itself');
    if (this.#above.size === deepest) return this.#cannot('TooDeep', `is more than ${deepest} levels deep`);
    this.#above.add(value);
    const depth = this.#path.length;
    try {
      return this.#known(value);
    } catch (error) {
      if (error instanceof CodecError) throw error;
      // A getter, a proxy or a toJSON threw.
      return this.#cannot('Unreadable', 'cannot be read', error);
    } finally {
      this.#path.length = depth;
      this.#above.delete(value);
    }
  }

  #known(value: object): string {
    if (Array.isArray(value)) return this.#list(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    // The prototype of plain objects of another realm has none either.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return this.#plain(value);
    // By the tag: what comes from another realm is no instance of our classes.
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    switch (kind) {
      case 'Date': {
        const time = (value as Date).getTime();
        return `{"$date":${Number.isNaN(time) ? 'null' : `"${(value as Date).toISOString()}"`}}`;
      }
      case 'Map':
        return this.#map(value as Map<unknown, unknown>);
      case 'Set':
        return `{"$set":${this.#list([...(value as Set<unknown>)])}}`;
      case 'RegExp': {
        const { source, flags, lastIndex } = value as RegExp;
        return `{"$regexp":${JSON.stringify(lastIndex === 0 ? [source, flags] : [source, flags, lastIndex])}}`;
      }
      case 'URL':
        return `{"$url":${JSON.stringify((value as URL).href)}}`;
      case 'Error':
      case 'DOMException':
        return this.#failure(value as Error);
      case 'ArrayBuffer':
        return `{"$ArrayBuffer":"${toBase64(new Uint8Array(value as ArrayBuffer))}"}`;
    }
    if (ArrayBuffer.isView(value) && Object.hasOwn(views, kind)) return `{"$${kind}":"${toBase64(value)}"}`;
    if (value instanceof Error) return this.#failure(value);
    return this.#instance(value);
  }

  #plain(value: object): string {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#instance(value);
    const keys = Object.keys(value);
    const text = this.#fields(value as Record<string, unknown>, keys);
    return keys.length === 1 && keys[0]!.startsWith('$') ? `{"$":${text}}` : text;
  }

  #fields(value: Readonly<Record<string, unknown>>, keys: readonly string[]): string {
    let text = '{';
    for (const key of keys) {
      if (text.length > 1) text += ',';
      text += `${JSON.stringify(key)}:${this.#part(value, key)}`;
    }
    return `${text}}`;
  }

  #list(list: readonly unknown[]): string {
    const parts: string[] = [];
    for (let i = 0; i < list.length; i++) {
      if (i in list) {
        parts.push(this.#part(list, i));
        continue;
      }
      const from = i;
      while (i + 1 < list.length && !(i + 1 in list)) i++;
      parts.push(`{"$holes":${i + 1 - from}}`);
    }
    return `[${parts.join(',')}]`;
  }

  /** Only what errors are known for: what clients hang on theirs, requests and sockets, is neither data nor for every eye. */
  #failure(error: Error): string {
    const { name, message, stack, code, errors } = error as Error & { code?: unknown; errors?: unknown };
    const fields: Record<string, unknown> = { name, message };
    if (typeof stack === 'string') fields['stack'] = stack;
    if (typeof code === 'string' || typeof code === 'number') fields['code'] = code;
    if (Object.hasOwn(error, 'cause')) fields['cause'] = error.cause;
    if (Array.isArray(errors) && (name === 'AggregateError' || error instanceof AggregateError))
      fields['errors'] = errors;
    return `{"$error":${this.#fields(fields, Object.keys(fields))}}`;
  }

  #instance(value: object): string {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#value((toJSON as () => unknown).call(value));
    const name = nameOf(value);
    return this.#cannot(name, `is an instance of ${name}, which has no toJSON()`);
  }

  #map(map: ReadonlyMap<unknown, unknown>): string {
    const entries: string[] = [];
    for (const [key, value] of map) {
      // Texts lead to their values, as the keys of objects do; other keys are counted.
      this.#path.push(typeof key === 'string' ? key : entries.length);
      entries.push(`[${this.#value(key)},${this.#shown(value)}]`);
      this.#path.pop();
    }
    return `{"$map":[${entries.join(',')}]}`;
  }

  #part<K extends string | number>(of: Readonly<Record<K, unknown>>, key: K): string {
    this.#path.push(key);
    const text = this.#shown(of[key]);
    this.#path.pop();
    return text;
  }

  #shown(value: unknown): string {
    return this.#redaction?.covers(this.#path) === true ? JSON.stringify(redacted) : this.#value(value);
  }

  #cannot(type: string, why: string, cause?: unknown): string {
    if (this.#opaque) return opaque(type);
    throw this.#error(why, cause);
  }

  #error(why: string, cause?: unknown): CodecError {
    const path = this.#path.reduce<string>(step, this.#root);
    return new CodecError(`${path === '' ? 'The value' : path} ${why}: it cannot be written to a log.`, {
      hint: 'Leave it out, or put what matters of it into plain data.',
      details: { path },
      cause,
    });
  }
}

const opaque = (type: string): string => `{"$opaque":${JSON.stringify(type)}}`;

/** The name of the class of an object, whatever it does to those who ask. */
function nameOf(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } | null }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'Object';
}

const step = (path: string, key: string | number): string =>
  typeof key === 'number'
    ? `${path}[${key}]`
    : !/^[A-Za-z_$][\w$]*$/.test(key)
      ? `${path}[${JSON.stringify(key)}]`
      : path === ''
        ? key
        : `${path}.${key}`;
