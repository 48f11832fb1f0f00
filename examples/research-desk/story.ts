/** What there is to tell about a run, from its events alone: so a recording tells the same as the run itself. */
import type { Coordinator, Only, Started } from 'rxbaton';
import type { Document } from './collector.ts';
import type { Finding } from './prompts.ts';
import type { Outcome } from './table.ts';
import { createTimeline, type Timeline } from './timeline.ts';

export interface DeskEvents {
  desk_opened: { documents: number };
  document_found: Document;
  group_complete: Finding[];
  writer_started: Started<[finding: Finding]>;
  run_measured: { name: string; outcome: Outcome };
  /** How the report begins, and how many lines follow. */
  report_written: { file: string; head: string[]; more: number };
}

export type Desk = Coordinator<Only<DeskEvents>>;

export interface Story {
  readonly documents: number;
  readonly runs: Readonly<Record<string, Outcome>>;
  readonly timeline: Timeline;
  /** `null` while there is none. */
  readonly report: DeskEvents['report_written'] | null;
}

/** Listens from now on. */
export function follow(desk: Desk): Story {
  const runs: Record<string, Outcome> = {};
  const timeline = createTimeline();
  const story = { documents: 0, runs, timeline, report: null as Story['report'] };
  desk.when('desk_opened', ({ documents }) => void (story.documents = documents));
  desk.when('run_measured', ({ name, outcome }) => void (runs[name] = outcome));
  desk.when('report_written', (report) => void (story.report = report));
  desk.when('rxbaton.gate.*').subscribe(({ data }) => timeline.record(data));
  desk.when('writer_started', ({ args: [finding] }, { runId }) => timeline.rename(`writer#${runId}`, finding.title));
  return story;
}
