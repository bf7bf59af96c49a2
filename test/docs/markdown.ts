/** A fenced block of a page. */
export interface Fence {
  readonly language: string;
  readonly text: string;
  /** The source that the comment before it names: `path` or `path#region`. */
  readonly source: string | undefined;
  /** Index of the opening line, from 0. */
  readonly line: number;
}

/** A link of a page: its target and its title, if it has one. */
export interface Link {
  readonly target: string;
  readonly title: string | undefined;
}

const SOURCE = /^<!-- snippet: (\S+) -->$/;

/** The fenced blocks of a page. A fence begins in the first column with three backticks. */
export function fencesOf(page: string): Fence[] {
  const lines = page.split('\n');
  const fences: Fence[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at]!.startsWith('```')) continue;
    const end = lines.findIndex((line, index) => index > at && line === '```');
    if (end === -1) throw new Error(`the fence of line ${at + 1} is never closed`);
    const before = lines.slice(0, at).findLast((line) => line.trim() !== '');
    fences.push({
      language: lines[at]!.slice(3).trim(),
      text: lines.slice(at + 1, end).join('\n'),
      source: before?.match(SOURCE)?.[1],
      line: at,
    });
    at = end;
  }
  return fences;
}

/** The sources that comments name where no fence follows. */
export function lostSources(page: string): string[] {
  const named = proseOf(page)
    .split('\n')
    .flatMap((line) => SOURCE.exec(line)?.[1] ?? []);
  for (const { source } of fencesOf(page)) if (source !== undefined) named.splice(named.indexOf(source), 1);
  return named;
}

/** The page in which the text of every fence with a source is replaced by the result of `textOf`. */
export function fill(page: string, textOf: (source: string) => string): string {
  const lines = page.split('\n');
  for (const { line, text, source } of fencesOf(page).reverse()) {
    if (source === undefined) continue;
    const length = text === '' && lines[line + 1] === '```' ? 0 : text.split('\n').length;
    lines.splice(line + 1, length, ...textOf(source).split('\n'));
  }
  return lines.join('\n');
}

/** The page without fenced blocks and code spans, which contain no links or headings. */
export function proseOf(page: string): string {
  return page.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** The links of a page, `[text](target "title")`. */
export function linksOf(page: string): Link[] {
  const prose = proseOf(page).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"([^"]*)")?\)/g)].map(([, target, title]) => ({
    target: target!,
    title,
  }));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#{1,6}\s+(.*)$/gm)].map((match) => slugOf(match[1]!));
  const seen = new Map<string, number>();
  return headings.map((slug) => {
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}
