/** What tells whether a program of Node waits for a debugger. */
export interface DebuggerEvidence {
  /** The program and its arguments; empty when they are not known. */
  readonly command: readonly string[];
  /** Value of NODE_OPTIONS in the program's environment. */
  readonly nodeOptions: string | undefined;
  /** Its last lines on stderr. */
  readonly stderr: readonly string[];
}

const LISTENS = /^Debugger listening on (ws:\/\/\S+)/;
const WAITS = /(?:^|\s)(--inspect-(?:brk|wait))\b/;

/** That a program waits for a debugger, why, and what to do; undefined when it does not. */
export function debuggerNote({ command, nodeOptions = '', stderr }: DebuggerEvidence): string | undefined {
  const listening = stderr.map((line) => LISTENS.exec(line)?.[1]).findLast((url) => url !== undefined);
  if (listening === undefined || stderr.includes('Debugger attached.')) return undefined;
  const attach = 'attach one and raise `startTimeoutMs`';
  const [, inherited] = WAITS.exec(nodeOptions) ?? [];
  if (inherited !== undefined)
    return `It waits for a debugger at ${listening}, because NODE_OPTIONS has \`${inherited}\`: ${attach}, or set another NODE_OPTIONS in \`env\``;
  const [, given] = WAITS.exec(command.join(' ')) ?? [];
  return given === undefined
    ? `It listens for a debugger at ${listening}, and waits for it if it was started with \`--inspect-brk\``
    : `It waits for a debugger at ${listening}, because its command has \`${given}\`: ${attach}, or use \`--inspect\``;
}
