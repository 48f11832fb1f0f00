import type { Codec } from './Codec.ts';

/** Stands for an event that nobody wants. */
export const unwanted: unique symbol = Symbol('unwanted');

const start = '{"name":"';

/** Decodes the events of these names, all of them for `null`, and says `unwanted` to the others: most of them without a look inside. */
export function decoder(codec: Codec, names: ReadonlySet<string> | null): (text: string) => unknown {
  if (names === null) return (text) => codec.decode(text);
  return (text) => {
    const name = nameIn(text);
    if (name !== null && !names.has(name)) return unwanted;
    const event = codec.decode(text) as { readonly name?: unknown } | null;
    return names.has(event?.name as string) ? event : unwanted;
  };
}

/** The name that an event has, where its text begins with it, as those of the bus do. */
function nameIn(text: string): string | null {
  if (!text.startsWith(start)) return null;
  const name = text.slice(start.length, text.indexOf('"', start.length));
  // An escape: only the codec knows what it says.
  return name.includes('\\') ? null : name;
}
