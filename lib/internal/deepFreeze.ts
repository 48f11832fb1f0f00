/**
 * Freezes plain data to its depth, but not what is `spared` nor what only that leads to. What has a class of its own
 * (clients, Maps, typed arrays) is somebody else's to freeze.
 */
export function deepFreeze(value: unknown, spared: readonly unknown[] = []): void {
  const others = new Set(spared);
  const todo: unknown[] = [value];
  for (let at = todo.pop(); at !== undefined || todo.length > 0; at = todo.pop()) {
    if (typeof at !== 'object' || at === null || others.has(at) || Object.isFrozen(at) || !isPlain(at)) continue;
    Object.freeze(at);
    for (const child of Object.values(at)) todo.push(child);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value) || value instanceof Error;
}
