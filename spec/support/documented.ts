import { readFileSync } from 'node:fs';

/**
 * The rows of the marble diagram in the doc comment of an operator, by their labels, so that a test can run what the
 * comment says. Time 0 is where the first row begins: what begins later keeps the spaces before it.
 */
export function documented(operator: string): (label: string) => string {
  const [, block = ''] = /```\n([^]*?)```/.exec(readFileSync(`operators/${operator}.ts`, 'utf8')) ?? [];
  const rows = block
    .split('\n')
    .map((line) => /^ \* (\S.*?)( {2,})(\S+)/.exec(line))
    .filter((row) => row !== null);
  const [, first = '', space = ''] = rows[0] ?? [];
  const start = first.length + space.length;
  return (label) => {
    const row = rows.find(([, found]) => found === label);
    if (!row) throw new Error(`The diagram of ${operator} has no row '${label}'.`);
    return `${label}${row[2]!}${row[3]!}`.slice(start);
  };
}

/** Marbles for when a row that begins later was subscribed to: `'   ---x|'` is `'---^---!'`. */
export function lifeOf(row: string): string {
  const begins = row.length - row.trimStart().length;
  return `${'-'.repeat(begins)}^${'-'.repeat(row.trim().length - 2)}!`;
}
