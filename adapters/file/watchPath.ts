import { watch } from 'node:fs';

/**
 * Calls `changed` whenever something changes in a directory or in a file, once for several changes in a row. Returns what ends it.
 *
 * @param alone Whether it keeps the process alive although nothing else does. Default `true`.
 */
export function watchPath(
  path: string,
  changed: () => void,
  failed: (error: unknown) => void,
  { alone = true }: { readonly alone?: boolean } = {},
): () => void {
  try {
    const watcher = watch(path, { persistent: alone }, changed);
    watcher.on('error', failed);
    return () => watcher.close();
  } catch (error) {
    // Not from within: whoever wants to watch is only about to.
    queueMicrotask(() => failed(error));
    return () => undefined;
  }
}
