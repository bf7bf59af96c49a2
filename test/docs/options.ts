import { read } from './repository.js';

/** One option of an interface, read from its doc comment. */
interface Option {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly text: string;
  /** The text after `@default`; empty if there is none. */
  readonly fallback: string;
}

const MARK = /^<!-- options: (.*) -->$/;

/** The page with a new table below every comment `<!-- options: path#Interface … -->`; an existing table is replaced. */
export function fillOptions(page: string): string {
  const blocks = page.trimEnd().split('\n\n');
  const filled = blocks.flatMap((block, index) => {
    const sources = block.match(MARK)?.[1]?.split(' ');
    if (sources !== undefined) return [block, optionTable(sources)];
    return MARK.test(blocks[index - 1] ?? '') && block.startsWith('|') ? [] : [block];
  });
  return `${filled.join('\n\n')}\n`;
}

/** A table of the options of several interfaces, each given as `path#Interface`; a later one overrides an earlier one. Throws for an unknown interface and for an option without a description. */
export function optionTable(sources: readonly string[]): string {
  const rows = new Map<string, string>();
  for (const source of sources) {
    const [path = '', name = ''] = source.split('#');
    for (const option of optionsOf(bodyOf(read(path), name))) rows.set(option.name, rowOf(option, source));
  }
  return ['| Option | Type | Default | What it is |', '| --- | --- | --- | --- |', ...rows.values()].join('\n');
}

function rowOf({ name, type, required, text, fallback }: Option, source: string): string {
  if (text === '') throw new Error(`${source}: ${name} has no doc comment that says what it is`);
  const cells = [`\`${name}\``, `\`${type}\``, required && fallback === '' ? 'required' : fallback, text];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The text between the braces of an interface. */
function bodyOf(file: string, name: string): string {
  const begin = file.match(new RegExp(`^(?:export )?interface ${name}\\b[^{]*\\{$`, 'm'));
  if (begin?.index === undefined) throw new Error(`there is no interface ${name}`);
  const from = begin.index + begin[0].length + 1;
  return file.slice(from, file.indexOf('\n}', from) + 1);
}

/** Members are indented by two spaces, with their comment before them; the rest of a member is indented further. */
function optionsOf(body: string): Option[] {
  const member =
    /^(?: {2}\/\*\*(?<comment>[\s\S]*?)\*\/\n)? {2}(?:readonly )?(?<name>\w+)(?<optional>\?)?(?<type>[:(][\s\S]*?);$(?=\n {2}\S|\n*$)/gm;
  return [...body.matchAll(member)].map(({ groups = {} }) => {
    const words = (groups['comment'] ?? '')
      .replaceAll(/^\s*\* ?/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    const [text = '', fallback = ''] = words.split(/ ?@default /);
    const type = (groups['type'] ?? '').replace(/^: /, '').replaceAll(/\s+/g, ' ').replaceAll('readonly ', '');
    return { name: groups['name'] ?? '', type, required: groups['optional'] === undefined, text, fallback };
  });
}
