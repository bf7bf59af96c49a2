import { clearLine, cursorTo } from 'node:readline';
import type { Writable } from 'node:stream';

/** How long something takes before a person wonders. */
const QUIET_MS = 500;
const TICK_MS = 1000;

/** Where it is said. */
export interface WaitingOptions {
  /** @default process.stderr */
  readonly stream?: Writable & { readonly isTTY?: boolean };
}

/**
 * Says what is waited for, if it takes longer than half a second: on a terminal with the seconds, in one line that goes away; elsewhere once,
 * and again with the time that it took.
 */
export async function waiting<T>(
  what: string,
  work: Promise<T>,
  { stream = process.stderr }: WaitingOptions = {},
): Promise<T> {
  const begin = performance.now();
  const seconds = () => Math.round((performance.now() - begin) / 1000);
  const isTerminal = stream.isTTY === true;
  let hasSpoken = false;
  const say = (): void => {
    if (isTerminal) rewrite(stream, `${what}: ${seconds()} s`);
    else if (!hasSpoken) stream.write(`${what} …\n`);
    hasSpoken = true;
  };
  const first = setTimeout(say, QUIET_MS);
  const further = isTerminal ? setInterval(say, TICK_MS) : undefined;
  try {
    return await work;
  } finally {
    clearTimeout(first);
    clearInterval(further);
    if (hasSpoken && isTerminal) rewrite(stream, '');
    else if (hasSpoken) stream.write(`${what}: done after ${seconds()} s\n`);
  }
}

function rewrite(stream: Writable, text: string): void {
  cursorTo(stream, 0);
  clearLine(stream, 0);
  stream.write(text);
}
