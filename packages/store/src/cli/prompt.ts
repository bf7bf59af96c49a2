import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandFailure, ExitCode, shown } from './failure.js';
import type { StoreCliContext } from './store-context.js';

type Terminal = Pick<StoreCliContext, 'stdin' | 'stderr'>;

/** Whether somebody is there who can be asked. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks a question that `y` or `yes` answers; anything else is no. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const answer = await ask(terminal, `${question} [y/N] `, true);
  return /^y(?:es)?$/i.test(answer.trim());
}

/** Asks for a password, which is not shown. */
export async function askPassword(terminal: Terminal, question: string): Promise<string> {
  if (!canAsk(terminal))
    throw new CommandFailure(ExitCode.usage, 'A password is needed, and nobody can be asked: give --password-file.');
  return await ask(terminal, question, false);
}

function ask({ stdin, stderr }: Terminal, question: string, isShown: boolean): Promise<string> {
  // readline writes what is typed; nothing of it is passed on for a password.
  const output = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (isShown) stderr.write(chunk.toString());
      done();
    },
  });
  const reader = createInterface({ input: stdin, output, terminal: true });
  if (!isShown) stderr.write(shown(question));
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => reject(new CommandFailure(ExitCode.bad, 'Nothing was answered.')));
    reader.question(isShown ? shown(question) : '', (answer) => {
      resolve(answer);
      reader.close();
      if (!isShown) stderr.write('\n');
    });
  });
}
