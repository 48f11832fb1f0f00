/** An event in a picture of two outcomes. */
export interface Line {
  /** As recorded, missing, new, or changed. */
  readonly sign: ' ' | '-' | '+' | '~';
  /** How many events led to it. */
  readonly depth: number;
  readonly text: string;
  /** Where it has changed. */
  readonly changed: readonly string[];
}

/** What differs, with what led to it and its neighbours; the rest is counted. */
export function picture(lines: readonly Line[]): readonly string[] {
  const kept = new Set<number>();
  lines.forEach(({ sign, depth }, i) => {
    if (sign === ' ') return;
    for (const near of [i - 1, i, i + 1]) kept.add(near);
    // Upwards, each time to the next one that is further out.
    for (let at = i, out = depth; at >= 0 && out >= 0; at--) {
      if (lines[at]!.depth >= out && at !== i) continue;
      kept.add(at);
      out = lines[at]!.depth;
    }
  });
  const drawn: string[] = [];
  let left = 0;
  const count = (): void => {
    if (left > 0) drawn.push(`  ... ${left} as recorded`);
    left = 0;
  };
  lines.forEach(({ sign, depth, text, changed }, i) => {
    if (!kept.has(i)) {
      left++;
      return;
    }
    count();
    const indent = '  '.repeat(depth);
    drawn.push(`${sign} ${indent}${text}`.trimEnd(), ...changed.map((change) => `      ${indent}${change}`));
  });
  count();
  return drawn;
}
