import type { CliContext } from '../process/context.js';
import { reporting } from '../process/failure.js';
import { type Generation, generateCode } from '../tools/generate.js';

export interface GenerateFlags {
  readonly out: string;
  readonly importSuffix: 'js' | 'ts' | 'none';
  readonly json: boolean;
}

const SUFFIXES: Readonly<Record<GenerateFlags['importSuffix'], Generation['importSuffix']>> = {
  js: '.js',
  ts: '.ts',
  none: '',
};

/** `rxplug generate [FOLDER]`. */
export const generate = reporting(async function (
  this: CliContext,
  { out: output, importSuffix, json }: GenerateFlags,
  source: string = 'proto',
): Promise<void> {
  const { by, files } = await generateCode({ source, output, importSuffix: SUFFIXES[importSuffix] });
  const what = files === 1 ? '1 .proto file' : `${files} .proto files`;
  const text = json ? JSON.stringify({ output, files, by }) : `Wrote TypeScript of ${what} into ${output}, by ${by}.`;
  this.process.stdout.write(`${text}\n`);
});
