import { CodecError } from '../errors.ts';
import type { Codec } from './Codec.ts';
import { LineBytes } from './LineBytes.ts';
import { revive } from './revive.ts';
import { oneLine, writePlain } from './writePlain.ts';
import { Writer, type LosslessOptions } from './Writer.ts';

const scratch = new LineBytes();

/**
 * The text of a value: `losslessCodec.encode`, with a say in what happens to what cannot be written or must not be seen.
 *
 * @throws CodecError
 */
export function lossless(value: unknown, options?: LosslessOptions): string {
  if (!writePlain(value, options?.redaction ?? null, scratch)) return oneLine(new Writer(options).write(value));
  const text = scratch.text();
  scratch.clear();
  return text;
}

/**
 * Writes values as one line of JSON and reads them back equal: all that JSON has, and Date (invalid ones too), Map, Set,
 * bigint, Error (name, message, stack, `cause`, `code`, `errors`), typed arrays, ArrayBuffer, DataView, URL, RegExp, `undefined`,
 * holes, NaN, -0, infinities. Each of these is an object with one key that starts with `$`: `{"$date":"2026-01-31T00:00:00.000Z"}`. An object
 * of the user that looks like one is wrapped: `{"$":{"$date":"mine"}}`.
 *
 * An instance of any other class is what its `toJSON()` says, and comes back as that. Buffers come back as Uint8Array,
 * subclasses as what they extend, objects without a prototype as plain ones. What is in a value twice comes back as two.
 * Properties with symbols for keys, and those of arrays with names, are not data, as in JSON.
 *
 * @throws CodecError for cycles, functions, symbols, and instances of a class without `toJSON`, with `details.path`:
 * `data.items[3].client`. `decode` throws it for text that is no JSON, and for a tag that it does not know.
 * @example
 * ```ts
 * losslessCodec.encode({ at: new Date(0), tags: new Set(['a']) });
 * // {"at":{"$date":"1970-01-01T00:00:00.000Z"},"tags":{"$set":["a"]}}
 * ```
 */
export const losslessCodec: Codec = {
  encode: (value) => lossless(value),
  decode: (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new CodecError('A text of the log is no JSON.', { cause, details: { length: text.length } });
    }
    // One sign is found several times as fast as two of which the first is everywhere.
    return text.includes('$') && text.includes('"$') ? revive(value) : value;
  },
};
