import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, OptionsError } from '../errors.js';
import { type FileForm, recorderFile } from './single-file.js';

/** Has the program run, in a file of its own, and returns the code that V8 has compiled for it. */
export async function recordCode(
  program: string,
  name: string,
  form: FileForm,
  record: (command: readonly [file: string, ...args: string[]]) => Promise<void>,
): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), 'record'));
  try {
    const [file, codeFile] = [join(directory, name), join(directory, 'code')];
    await writeFile(file, recorderFile(program, codeFile, form));
    await record([process.execPath, file]);
    return await readFile(codeFile).catch((cause: unknown) => {
      throw new OptionsError(
        `\`record\` has left no compiled code: ${errorMessage(cause)}. It has to run the command that it is given, and to wait until the ` +
          'program has ended by itself: a plugin ends with `client.stop()`.',
        { cause },
      );
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}
