import type { Redaction } from '../../log/redaction.ts';
import { show } from '../show.ts';
import { differences } from './differences.ts';
import { essence, type Essence } from './essence.ts';
import type { Forest, Tree } from './forest.ts';
import type { Line } from './picture.ts';

/** How two outcomes differ. */
export interface Comparison {
  readonly changed: number;
  readonly missing: number;
  readonly extra: number;
  /** Both of them, event by event. */
  readonly lines: readonly Line[];
  /** The recorded events with the replayed ones that they were found in. */
  readonly pairs: readonly (readonly [recorded: Tree, replayed: Tree])[];
}

/**
 * Compares what came of the same causes. Events below one cause are found in whatever order they came, since who is faster is no
 * part of what happened: first those that are the same with all that they led to, then, in order, those of the same name.
 */
export function compare(recorded: Forest, replayed: Forest, ignored: Redaction | null): Comparison {
  const counts = { changed: 0, missing: 0, extra: 0 };
  const lines: Line[] = [];
  const pairs: [Tree, Tree][] = [];
  const essences = new Map<Tree, Essence>();
  const shapes = new Map<Tree, string>();

  const of = (tree: Tree): Essence => {
    let known = essences.get(tree);
    if (known === undefined) essences.set(tree, (known = essence(tree.event, ignored)));
    return known;
  };

  /** Differs where the events and what they led to cannot be the same; cheap, since it is asked of many pairs. */
  const shape = (tree: Tree): string => {
    let known = shapes.get(tree);
    if (known === undefined)
      shapes.set(tree, (known = `${tree.event.name}(${tree.children.map(shape).sort().join()})`));
    return known;
  };

  const changes = (one: Tree, other: Tree): readonly string[] => {
    const [before, now] = [of(one), of(other)];
    return [...differences(before.sender, now.sender, 'sender'), ...differences(before.data, now.data, 'data')];
  };

  const same = (one: Tree, other: Tree): boolean =>
    shape(one) === shape(other) && changes(one, other).length === 0 && covered(one.children, other.children);

  const covered = (some: readonly Tree[], others: readonly Tree[]): boolean => {
    const left = [...others];
    return some.every((one) => take(left, (other) => same(one, other)) !== undefined) && left.length === 0;
  };

  function draw(sign: Line['sign'], tree: Tree, depth: number, changed: readonly string[] = []): void {
    const { name, sender, data } = of(tree);
    const by = sender === undefined || name.startsWith(`${sender}_`) ? '' : ` by ${sender}`;
    lines.push({ sign, depth, text: `${name}${by}${data === undefined ? '' : ` ${show(data)}`}`, changed });
  }

  function all(sign: '-' | '+', tree: Tree, depth: number): void {
    counts[sign === '-' ? 'missing' : 'extra']++;
    draw(sign, tree, depth);
    for (const child of tree.children) all(sign, child, depth + 1);
  }

  function siblings(some: readonly Tree[], others: readonly Tree[], depth: number): void {
    const left = [...others];
    const found = new Map<Tree, Tree>();
    const seek = (fits: (one: Tree, other: Tree) => boolean): void => {
      for (const one of some) {
        const other = found.has(one) ? undefined : take(left, (candidate) => fits(one, candidate));
        if (other !== undefined) found.set(one, other);
      }
    };
    seek(same);
    seek((one, other) => one.event.name === other.event.name);
    for (const one of some) {
      const other = found.get(one);
      if (other === undefined) all('-', one, depth);
      else pair(one, other, depth);
    }
    for (const other of left) all('+', other, depth);
  }

  function pair(one: Tree, other: Tree, depth: number): void {
    pairs.push([one, other]);
    const changed = changes(one, other);
    draw(changed.length > 0 ? '~' : ' ', one, depth, changed);
    if (changed.length > 0) counts.changed++;
    siblings(one.children, other.children, depth + 1);
  }

  for (const [id, cause] of recorded.roots) {
    draw(' ', cause, 0);
    siblings(cause.children, replayed.roots.get(id)?.children ?? [], 1);
  }
  siblings(recorded.loose, replayed.loose, 0);
  return { ...counts, lines, pairs };
}

/** Takes the first that fits out of the list. */
function take<T>(list: T[], fits: (item: T) => boolean): T | undefined {
  const at = list.findIndex(fits);
  return at < 0 ? undefined : list.splice(at, 1)[0];
}
