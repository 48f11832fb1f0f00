/** The one of `choices` that was probably meant, if any is near enough: for the hint of an error. */
export function closest(word: string, choices: readonly string[]): string | undefined {
  const plain = word.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(plain.length / 3)) + 1;
  for (const choice of choices) {
    const other = choice.toLowerCase();
    // Half of a name is a frequent mistake, and far away by letters.
    const part = other.startsWith(plain) || plain.startsWith(other) || plain.endsWith(other);
    const far = part && plain.length > 2 ? 1 : distance(plain, other);
    if (far < least) [best, least] = [choice, far];
  }
  return best;
}

/** How many letters must be added, removed, changed or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let far = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) far = Math.min(far, before[j - 2]! + 1);
      row.push(far);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
