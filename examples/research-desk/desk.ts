/** What the agents of the desk do. Whether anybody coordinates them is not their business. */
import type { Document } from './collector.ts';
import { compare, place, readFinding, readHeading, research, type Finding, type Prompt } from './prompts.ts';
import { addSection } from './report.ts';

export type Ask = (prompt: Prompt) => Promise<string>;

/** What both runs get. */
export interface Job {
  readonly documents: readonly Document[];
  readonly report: string;
  /** Called whenever a section is in the report, as far as its writer knows. */
  readonly written: (title: string) => void;
  /** Called when somebody gives up. */
  readonly failed: (what: string, reason: string) => void;
}

/** How many findings an analyst compares at a time. */
export const GROUP = 6;

/** What the comparison of some findings is called. */
export const together = (findings: readonly Finding[]): string => findings.map(({ title }) => title).join(', ');

/** The researcher: reads one document. */
export async function study(ask: Ask, document: Document): Promise<Finding> {
  return readFinding(document.title, await ask(research(document)));
}

/** The analyst: compares findings. Its comparison is a finding without terms. */
export async function contrast(ask: Ask, findings: readonly Finding[]): Promise<Finding> {
  const answer = await ask(compare(findings));
  return {
    title: together(findings),
    summary: answer.replace(/\s+/g, ' ').trim(),
    terms: [],
  };
}

/** The writer: reads the report, asks under which heading a finding belongs, writes the report back. */
export async function merge(ask: Ask, { report, written }: Job, finding: Finding): Promise<void> {
  const { title, summary, terms } = finding;
  const body = terms.length > 0 ? `${summary}\n\n*${terms.join(', ')}*` : summary;
  await addSection(report, { title, body }, async (headings) =>
    terms.length > 0 ? readHeading(await ask(place(headings, finding))) : 'Comparisons',
  );
  written(title);
}
