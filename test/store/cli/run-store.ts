import { PassThrough } from 'node:stream';
import { run } from '../../../packages/store/src/cli.js';

export interface StoreRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface StoreRunOptions {
  readonly cwd: string;
  readonly stdin?: string;
  /** Typed by a person, who also reads what is printed: each text when the one before has been asked for. */
  readonly typed?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `rxplug plugin` with arguments. */
export async function runStore(args: readonly string[], options: StoreRunOptions): Promise<StoreRun> {
  const { cwd, stdin = '', typed, env = {} } = options;
  const isTTY = typed !== undefined;
  const input = Object.assign(new PassThrough(), { isTTY });
  const left = [...(typed ?? [])];
  if (!isTTY) input.end(stdin);
  const stdout = printed(isTTY, () => {});
  const stderr = printed(isTTY, (text) => {
    // Every question ends with a space.
    if (isTTY && text.endsWith(' ')) setImmediate(() => input.write(left.shift() ?? '\n'));
  });
  const code = await run(args, { stdin: input, stdout, stderr, env, cwd });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function printed(isTTY: boolean, onWrite: (text: string) => void) {
  return {
    isTTY,
    text: '',
    write(text: string) {
      this.text += text;
      onWrite(text);
    },
  };
}
