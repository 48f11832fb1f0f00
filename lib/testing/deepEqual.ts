type Fields = Readonly<Record<string, unknown>>;

/** Whether two values have the same structure. `undefined` fields count as absent; `NaN` equals itself; errors by name, message and fields. */
export function deepEqual(a: unknown, b: unknown): boolean {
  return same(a, b, []);
}

/** `open`: the pairs that are being compared above, so that a circle ends. */
function same(a: unknown, b: unknown, open: readonly (readonly [unknown, unknown])[]): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (open.some(([x, y]) => x === a && y === b)) return true;
  const below = [...open, [a, b] as const];
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof Error && (a.name !== (b as Error).name || a.message !== (b as Error).message)) return false;
  if (a instanceof Map || a instanceof Set)
    return same([...a], [...(b as Map<unknown, unknown> | Set<unknown>)], below);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same((a as Fields)[name], (b as Fields)[name], below));
}
