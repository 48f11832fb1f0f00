/** The outcome of the runs, side by side. */
import { styleText } from 'node:util';

export interface Outcome {
  /** Requests that the server refused with 429. */
  readonly refused: number;
  /** Requests that it answered. */
  readonly answered: number;
  /** Sections that the writers wrote, as far as they know. */
  readonly written: number;
  /** Of these, how many are not in the report. */
  readonly lost: number;
  /** Documents and comparisons that somebody gave up. */
  readonly failed: readonly string[];
  readonly ms: number;
  readonly report: string;
}

export function table(runs: Readonly<Record<string, Outcome>>): string {
  const outcomes = Object.values(runs);
  const cell = (text: string): string => text.padStart(18);
  /** `bad`: anything above zero is. */
  const row = (name: string, value: (outcome: Outcome) => number, bad = false): string => {
    const cells = outcomes.map((outcome) => {
      const n = value(outcome);
      return bad ? styleText(n > 0 ? 'red' : 'green', cell(String(n))) : cell(String(n));
    });
    return name.padEnd(26) + cells.join('');
  };
  return [
    styleText('bold', ''.padEnd(26) + Object.keys(runs).map(cell).join('')),
    row('429s from the model', ({ refused }) => refused, true),
    row('updates lost', ({ lost }) => lost, true),
    row('documents given up', ({ failed }) => failed.length, true),
    row('sections in the report', ({ written, lost }) => written - lost),
    row('answers paid for', ({ answered }) => answered),
    'wall time'.padEnd(26) + outcomes.map(({ ms }) => cell(`${(ms / 1000).toFixed(1)} s`)).join(''),
  ].join('\n');
}
