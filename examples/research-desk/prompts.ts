/** What the agents ask, and how they read the answers. Written for language models; `localModel.ts` knows the same three. */
import type { Document } from './collector.ts';

export interface Prompt {
  readonly system: string;
  readonly user: string;
}

/** What a researcher found in one document. */
export interface Finding {
  readonly title: string;
  readonly summary: string;
  readonly terms: readonly string[];
}

/** Long documents cost more than their ends are worth. */
const LONGEST = 6_000;

export const RESEARCH =
  'Summarise the document in two sentences. Then write one line that starts with "Terms:" and lists its six key terms, separated by commas.';
export const COMPARE =
  'Compare the findings: say in two or three sentences what they share and where they differ. Name them.';
export const PLACE =
  'Place the section in the report: answer with one of its headings, or with a new heading of at most two words, and nothing else.';

export const research = ({ title, text }: Document): Prompt => ({
  system: RESEARCH,
  user: `# ${title}\n\n${text.slice(0, LONGEST)}`,
});

export const compare = (findings: readonly Finding[]): Prompt => ({
  system: COMPARE,
  user: findings.map(write).join('\n\n'),
});

export const place = (headings: readonly string[], finding: Finding): Prompt => ({
  system: PLACE,
  user: [...headings.map((heading) => `Heading: ${heading}`), '', write(finding)].join('\n'),
});

/** Reads the answer to `research`. */
export function readFinding(title: string, answer: string): Finding {
  const terms = /^\W*terms\W*:(.*)$/im.exec(answer);
  return {
    title,
    summary: answer
      .replace(terms?.[0] ?? '', '')
      .replace(/\s+/g, ' ')
      .trim(),
    terms: (terms?.[1] ?? '')
      .split(',')
      .map((term) => term.replace(/[*.]/g, '').trim().toLowerCase())
      .filter(Boolean),
  };
}

/** Reads the answer to `place`: one line, free of markup. */
export const readHeading = (answer: string): string =>
  (/[^\s#*"].*/.exec(answer)?.[0] ?? 'Other')
    .replace(/["*.]+$/, '')
    .slice(0, 40)
    .trim();

/** The form in which findings go into prompts and report. */
function write({ title, summary, terms }: Finding): string {
  return `## ${title}\n${summary}\nTerms: ${terms.join(', ')}`;
}
