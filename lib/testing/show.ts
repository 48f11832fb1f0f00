/** A value in a message of the test kit: readable, on one line, in the end cut short. */
export function show(value: unknown, depth = 4): string {
  const text = render(value, depth, []);
  return text.length > 2_000 ? `${text.slice(0, 2_000)} ...` : text;
}

function render(value: unknown, depth: number, above: readonly unknown[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `[function ${value.name || 'without a name'}]`;
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? `${value.toString()}n` : String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()}`;
  if (above.includes(value)) return '[circular]';
  if (depth === 0) return Array.isArray(value) ? '[...]' : '{...}';
  const inner = (part: unknown): string => render(part, depth - 1, [...above, value]);
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (value instanceof Map)
    return `Map {${[...value].map(([key, part]) => `${inner(key)} => ${inner(part)}`).join(', ')}}`;
  if (value instanceof Set) return `Set {${[...value].map(inner).join(', ')}}`;
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${key}: ${inner(part)}`)
    .join(', ')} }`;
}
