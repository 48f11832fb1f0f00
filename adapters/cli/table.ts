import { printable } from '../../lib/internal/printable.ts';

/** Lines of columns that stand under their titles. Numbers stand to the right. */
export function table(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const all = [titles, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, i) => {
        const right = typeof (rows[0]?.[i] ?? '') === 'number';
        return right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
