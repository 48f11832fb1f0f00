/** The shared report: one file with sections under headings, changed by reading it, editing it and writing it back. */
import { readFile, rename, writeFile } from 'node:fs/promises';

export interface Section {
  readonly title: string;
  readonly body: string;
}

/** Sections by heading, in the order in which the headings came up. */
type Outline = Map<string, Section[]>;

export const startReport = (file: string, title: string): Promise<void> => writeFile(file, `# ${title}\n`);

/**
 * Puts a section where `choose` says. Between reading and writing others may do the same: who calls this for one file
 * from several places at once has to guard it.
 */
export async function addSection(
  file: string,
  section: Section,
  choose: (headings: string[]) => Promise<string>,
): Promise<void> {
  const text = await readFile(file, 'utf8');
  const outline = parse(text);
  const heading = await choose([...outline.keys()]);
  outline.set(heading, [...(outline.get(heading) ?? []), section]);
  await replace(file, format(titleOf(text), outline));
}

/** The titles of all sections in the file. */
export async function sectionsIn(file: string): Promise<string[]> {
  return [...parse(await readFile(file, 'utf8')).values()].flat().map(({ title }) => title);
}

let writes = 0;

/** Readers see the old text or the new one, never half of it. */
async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${++writes}`;
  await writeFile(draft, text);
  await rename(draft, file);
}

const titleOf = (text: string): string => text.slice(2, text.indexOf('\n'));

function parse(text: string): Outline {
  const outline: Outline = new Map();
  for (const part of text.split(/^## /m).slice(1)) {
    const [heading = '', ...sections] = part.split(/^### /m);
    outline.set(
      heading.trim(),
      sections.map((section) => {
        const end = section.indexOf('\n');
        return { title: section.slice(0, end), body: section.slice(end).trim() };
      }),
    );
  }
  return outline;
}

function format(title: string, outline: Outline): string {
  const parts = [...outline].map(
    ([heading, sections]) =>
      `## ${heading}\n\n${sections.map(({ title: name, body }) => `### ${name}\n\n${body}\n`).join('\n')}`,
  );
  return `# ${title}\n\n${parts.join('\n')}`;
}
