/** A program that starts others and prints something of its own on their stdout before. */
interface Tool {
  /** The line, without the spaces around it. */
  readonly banner: RegExp;
  /** Who prints it. */
  readonly printedBy: string;
  readonly cure: string;
}

const RUN_THE_FILE = "run the plugin's file itself (`['node', 'plugin.js']`)";

/** The first lines that known tools print; of two that match, the first. */
const TOOLS: readonly Tool[] = [
  {
    banner: /^$/,
    printedBy: '`npm run` and `pnpm run` print a blank line, and then the script',
    cure: `${RUN_THE_FILE}, or \`npm --silent run\``,
  },
  { banner: /^> nx run /, printedBy: 'nx prints such a line', cure: RUN_THE_FILE },
  {
    banner: /^> /,
    printedBy: '`npm run` and `pnpm run` print such a line',
    cure: `${RUN_THE_FILE}, or \`npm --silent run\``,
  },
  {
    banner: /^yarn (?:run|node|exec) v\d/,
    printedBy: '`yarn run` prints such a line',
    cure: `${RUN_THE_FILE}, or \`yarn --silent run\``,
  },
  {
    banner: /^(?:Need to install the following packages|npx: installed )/,
    printedBy: 'npx prints such a line when it installs a package',
    cure: `install the package before, and ${RUN_THE_FILE}`,
  },
  { banner: /^\[nodemon\]/, printedBy: 'nodemon prints such a line', cure: `${RUN_THE_FILE}, or \`nodemon --quiet\`` },
  { banner: /^(?:• Packages in scope|turbo \d)/, printedBy: 'turbo prints such a line', cure: RUN_THE_FILE },
  {
    banner: /^\[dotenv@/,
    printedBy: 'dotenv prints such a line',
    cure: 'call it with `{ quiet: true }`, or set DOTENV_CONFIG_QUIET=true',
  },
];

const BYTE_ORDER_MARK = /^\uFEFF/;

/** Who has printed a line in the place of the handshake, and what to do about it; undefined when that is not known. */
export function explainFirstLine(line: string): string | undefined {
  if (BYTE_ORDER_MARK.test(line))
    return 'It begins with a byte order mark: print the handshake in UTF-8 without one (.NET: `new UTF8Encoding(false)`).';
  const text = line.trim();
  const tool = TOOLS.find(({ banner }) => banner.test(text));
  return tool && `${tool.printedBy}: ${tool.cure}.`;
}
