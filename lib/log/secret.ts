/** A value that nobody sees. */
export interface Secret<T = unknown> {
  /** The value itself, for whoever needs it: nothing protects it any more from here on. */
  reveal(): T;
  toString(): '[secret]';
  toJSON(): '[secret]';
}

const shown = '[secret]';

class Sealed<T> implements Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): typeof shown {
    return shown;
  }

  toJSON(): typeof shown {
    return shown;
  }

  [Symbol.toPrimitive](): string {
    return shown;
  }

  /** What `console.log` and `util.inspect` of Node ask. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }
}

/**
 * Wraps a value that must not be seen: in a log, an event, an error message, a template string, JSON or an inspection it is
 * `[secret]`. It goes through events and calls like any other value, and `reveal()` gives what is in it. Read from a log it is
 * the text `[secret]`: what was never written cannot come back.
 *
 * @example
 * ```ts
 * const key = secret(loadKey());
 * emit('client_made', { url, key });          // a log has {"url":"...","key":"[secret]"}
 * when('client_made', ({ url, key }) => connect(url, key.reveal()));
 * ```
 */
export const secret = <T>(value: T): Secret<T> => new Sealed(value);
