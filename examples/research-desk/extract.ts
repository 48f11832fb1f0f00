/** What can be said about a text without a language model: its key terms, its telling sentences, what texts share. */

const STOP = new Set(
  `about above after again all also an and any are because been before being below between both but by can could did do
  does doing down each few for from further get had has have having here how if in into is it its itself just like let
  make may more most must need no nor not now of off on once only or other our out over own same set should so some such
  than that the their them then there these they this those through to too under until up use used uses using value very
  want was way we were what when where which while who whom why will with without would you your new one two see via
  example default option options return returns true false null undefined function const import require package install
  npm yarn pnpm license readme code file files string number object name type version github http https www com`.split(
    /\s+/,
  ),
);

/** Prose only: no code, markup, badges, tables or addresses. */
export function prose(markdown: string): string {
  return markdown
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])/g, ' ')
    .replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replace(/^\s*(\[[^\]]*\]:.*|[|#=\-*_~].*|\d+\. .*| {4}.*)$/gm, '\n')
    .replace(/https?:\/\/\S+/g, ' ')
    .replace(/[`*_]/g, '');
}

/** Whole sentences of a readable length, in order. */
export function sentences(text: string): string[] {
  return prose(text)
    .split(/\n\s*\n/)
    .flatMap((paragraph) =>
      paragraph
        .replace(/\s+/g, ' ')
        .trim()
        .split(/(?<=[.!?])\s+(?=[A-Z])/),
    )
    .filter((sentence) => /^[A-Z].*[.!?]$/.test(sentence) && sentence.length >= 30 && sentence.length <= 260);
}

/** How often each telling word occurs. */
function frequencies(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of prose(text)
    .toLowerCase()
    .match(/[a-z][a-z-]{3,}[a-z]/g) ?? []) {
    if (!STOP.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** The `count` words that a text says most, the longer first among equals. */
export function keyTerms(text: string, count: number): string[] {
  return [...frequencies(text)]
    .sort(([a, m], [b, n]) => n - m || b.length - a.length || a.localeCompare(b))
    .slice(0, count)
    .map(([word]) => word);
}

/** The `count` sentences that carry most of what the text talks about, in the order of the text. */
export function summary(text: string, count: number): string {
  const weight = frequencies(text);
  const scored = sentences(text).map((sentence, at) => {
    const words = sentence.toLowerCase().match(/[a-z][a-z-]{3,}[a-z]/g) ?? [];
    const sum = words.reduce((total, word) => total + Math.sqrt(weight.get(word) ?? 0), 0);
    // Openings say what a thing is.
    return { sentence, at, score: (sum / Math.sqrt(words.length + 4)) * (at < 3 ? 1.5 : 1) };
  });
  const best = scored.sort((a, b) => b.score - a.score || a.at - b.at).slice(0, count);
  return best
    .sort((a, b) => a.at - b.at)
    .map(({ sentence }) => sentence)
    .join(' ');
}

/** Terms that two or more of the entries have, with the titles that have them, the most shared first. */
export function overlaps(
  entries: readonly { readonly title: string; readonly terms: readonly string[] }[],
): [term: string, titles: string[]][] {
  const owners = new Map<string, string[]>();
  for (const { title, terms } of entries) {
    for (const term of new Set(terms)) owners.set(term, [...(owners.get(term) ?? []), title]);
  }
  return [...owners]
    .filter(([, titles]) => titles.length > 1)
    .sort(([a, m], [b, n]) => n.length - m.length || a.localeCompare(b));
}
