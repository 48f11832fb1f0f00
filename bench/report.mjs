/** What people read: tables with ratios, and a verdict for each bar. */

/** Three significant digits, thousands apart. */
export function figure(value) {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return value.toLocaleString('en', size >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

const times = (ratio) => (Number.isFinite(ratio) ? `${figure(ratio)}x` : '-');

function lines(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
}

/** One row for each implementation; the last column is the ratio of the first figure to the row `base`. */
export function tableText({ title, unit, base, figures, failures }) {
  const columns = [...new Set(Object.values(figures).flatMap((row) => Object.keys(row)))];
  const floor = figures[base]?.[columns[0]]?.value;
  const rows = Object.entries(figures).map(([name, row]) => [
    name,
    ...columns.map((column) => figure(row[column]?.value)),
    ...(floor ? [times(row[columns[0]]?.value / floor)] : []),
  ]);
  const heading = columns.length === 1 ? title : `${title} [${unit}]`;
  const failed = failures.map(
    ({ name, column, error }) => `! ${name}, ${column}: ${error.trim().split('\n').slice(0, 3).join(' | ')}`,
  );
  return [heading, '', ...lines(['', ...columns, ...(floor ? [`against ${base}`] : [])], rows), ...failed, ''].join(
    '\n',
  );
}

export function barText({ text, unit = 'x', measured, atMost, atLeast, met }) {
  const bar = atMost === undefined ? `at least ${figure(atLeast)}` : `at most ${figure(atMost)}`;
  return `${met ? '  met  ' : 'NOT met'}  ${text}: ${figure(measured)} ${unit} (${bar})`;
}
