import type { CoordinatorEvent } from '../../events/event.ts';

/** An event and what it led to. */
export interface Tree {
  readonly event: CoordinatorEvent;
  readonly children: Tree[];
}

/** What came of causes. */
export interface Forest {
  /** By the id of the cause. */
  readonly roots: ReadonlyMap<string, Tree>;
  /** What came of no cause that is known. */
  readonly loose: readonly Tree[];
}

/**
 * Puts each event below the one that led to it. One whose cause is not among them (the library's own events seldom are) goes
 * below the event that its chain of causes began with.
 */
export function forest(causes: readonly CoordinatorEvent[], outcome: readonly CoordinatorEvent[]): Forest {
  const roots = new Map(causes.map((event) => [event.id, tree(event)]));
  const all = new Map(roots);
  for (const event of outcome) all.set(event.id, tree(event));
  const loose: Tree[] = [];
  for (const event of outcome) {
    const parent = parentOf(event, all);
    (parent?.children ?? loose).push(all.get(event.id)!);
  }
  return { roots, loose };
}

const tree = (event: CoordinatorEvent): Tree => ({ event, children: [] });

/** Of those that are known: the event that led to this one. */
export function parentOf<T>(
  { id, causationId, correlationId }: CoordinatorEvent,
  known: ReadonlyMap<string, T>,
): T | undefined {
  const near = causationId === undefined ? undefined : known.get(causationId);
  return near ?? (correlationId === undefined || correlationId === id ? undefined : known.get(correlationId));
}
