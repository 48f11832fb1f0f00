/** Draws who waited for what, from the events that gates tell about themselves. */
import type { GateActivity } from 'rxbaton';

export interface Timeline {
  record(activity: GateActivity): void;
  /** Says whose line a request belongs to that has another name. */
  rename(who: string, line: string): void;
  /** One line for each who came, then what each gate cost them. */
  draw(): string;
  totals(): Record<string, Total>;
}

/** What one gate cost those who came, in milliseconds. */
export interface Total {
  readonly grants: number;
  readonly waited: number;
  readonly longest: number;
}

/** One passage through one gate: in the queue from `from`, inside from `since` to `until`. */
interface Stay {
  readonly who: string;
  readonly gate: string;
  readonly from: number;
  readonly since: number;
  until: number;
}

/** How waiting and being inside look, by gate. */
const MARKS: Record<string, readonly [waits: string, inside: string]> = {
  'model-rate': ['·', '█'],
  'model-slots': ['·', '█'],
  report: ['~', '='],
};
const LEGEND = '· waits for the model   █ asks it   ~ waits for the report   = has it';
const NAME = 26;
const WIDTH = 66;
const LINES = 32;

export function createTimeline(): Timeline {
  const stays: Stay[] = [];
  const inside = new Map<string, Stay>();
  const lines = new Map<string, string>();

  function totals(): Record<string, Total> {
    const sums: Record<string, Total> = {};
    for (const { gate, from, since } of stays) {
      const { grants, waited, longest } = sums[gate] ?? { grants: 0, waited: 0, longest: 0 };
      const wait = since - from;
      sums[gate] = { grants: grants + 1, waited: waited + wait, longest: Math.max(longest, wait) };
    }
    return sums;
  }

  function draw(): string {
    const start = Math.min(...stays.map(({ from }) => from));
    const end = Math.max(...stays.map(({ until }) => until));
    const column = (time: number): number => Math.floor(((time - start) / (end - start + 1)) * WIDTH);
    const cells = new Map<string, string[]>();
    for (const { who, gate, from, since, until } of stays) {
      const line = lines.get(who) ?? who;
      const row = cells.get(line) ?? Array<string>(WIDTH).fill(' ');
      const [waits, holds] = MARKS[gate] ?? ['?', '?'];
      row.fill(waits, column(from), column(since)).fill(holds, column(since), column(until) + 1);
      cells.set(line, row);
    }
    const rows = [...cells].map(([line, row]) => `${line.slice(0, NAME).padEnd(NAME)} ${row.join('').trimEnd()}`);
    const sums = Object.entries(totals()).map(
      ([gate, { grants, waited, longest }]) =>
        `${gate.padEnd(NAME)} passed ${grants} times, after ${seconds(waited / grants)} on average, ${seconds(longest)} at most`,
    );
    return [
      `${' '.repeat(NAME)} 0 s${seconds(end - start).padStart(WIDTH - 3)}`,
      ...rows.slice(0, LINES),
      ...(rows.length > LINES ? [`... and ${rows.length - LINES} more`] : []),
      LEGEND,
      '',
      ...sums,
    ].join('\n');
  }

  return {
    totals,
    draw,
    rename: (who, line) => lines.set(who, line),
    record({ action, gate, who = '', at, waited = 0 }) {
      const passage = `${gate} ${who}`;
      if (action === 'granted') {
        const stay: Stay = { who, gate, from: at - waited, since: at, until: at };
        stays.push(stay);
        inside.set(passage, stay);
      } else if (action === 'released' || action === 'lost') {
        const stay = inside.get(passage);
        if (stay !== undefined) stay.until = at;
      }
    },
  };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
