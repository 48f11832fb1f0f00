import { expected } from '../internal/options.ts';

/** Which places of a value are not to be seen. */
export interface Redaction {
  /** Whether a place may be one whose last key is this: asked of every key, so it is cheap. */
  mayEndWith(key: string): boolean;
  /** Whether it may be an item of a list. */
  readonly inLists: boolean;
  /** Whether the place at the end of these keys is one. */
  covers(path: readonly (string | number)[]): boolean;
}

/** What stands there instead. */
export const redacted = '[redacted]';

/**
 * Places in the data of events: `data.apiKey`, `data.*.token` (`*`: one key or index, whichever), `**.password` (`**`: any
 * number of them, also none).
 *
 * @throws ConfigError
 */
export function redaction(paths: readonly string[], owner: string): Redaction | null {
  if (!Array.isArray(paths)) expected(owner, "a list of paths such as 'data.apiKey'", paths);
  const places = paths.flatMap((path: unknown, i) => placesOf(path, `${owner}[${i}]`));
  if (places.length === 0) return null;
  const ends = new Set(places.map((keys) => keys.at(-1) as string));
  const anyEnd = ends.has('*') || ends.has('**');
  return {
    mayEndWith: (key) => anyEnd || ends.has(key),
    inLists: anyEnd || [...ends].some((key) => /^\d+$/.test(key)),
    covers: (path) => places.some((keys) => fits(keys, 0, path, 0)),
  };
}

/** Paths in the data, which is where it is looked for. */
function placesOf(path: unknown, owner: string): readonly (readonly string[])[] {
  const [root, ...keys] = typeof path === 'string' ? path.split('.') : [];
  if (root === '**') return [[root, ...keys]];
  if (root !== 'data' || keys.length === 0 || keys.includes(''))
    expected(owner, "a path that begins with 'data.' or '**.'", path);
  // What the library says about an event has that event in it: `rxbaton.handler_failed`.
  return [keys, ['event', 'data', ...keys]];
}

function fits(keys: readonly string[], k: number, path: readonly (string | number)[], p: number): boolean {
  if (k === keys.length) return p === path.length;
  const key = keys[k];
  if (key === '**') return fits(keys, k + 1, path, p) || (p < path.length && fits(keys, k, path, p + 1));
  return p < path.length && (key === '*' || key === String(path[p])) && fits(keys, k + 1, path, p + 1);
}
