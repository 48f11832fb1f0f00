import { compile } from '../../lib/events/patterns.ts';

export interface Selection {
  readonly wants: (name: string) => boolean;
  /** What a log is asked for: names that are spelled out are found without a look at the rest; patterns need one at everything. */
  readonly names: { readonly names?: readonly string[] };
}

/** Which events are meant. No pattern: all. */
export function selection(patterns: readonly string[] = []): Selection {
  const selectors = patterns.map(compile);
  const spelled = selectors.flatMap(({ name }) => name ?? []);
  return {
    wants: (name) => selectors.length === 0 || selectors.some((selector) => selector.matches(name)),
    names: spelled.length > 0 && spelled.length === selectors.length ? { names: spelled } : {},
  };
}
