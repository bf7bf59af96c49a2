import type { Message, Metafile } from 'esbuild';
import { ENTRY } from './chunks.js';
import { dynamicRequires, importChain, packageOf } from './import-chain.js';

/** Throws for what the program needs and one file cannot have, with the files that lead there. */
export function refuseWhatIsOutside(
  metafile: Metafile,
  warnings: readonly Message[],
  allowDynamic: readonly string[],
): void {
  const chainTo = (file: string): string => importChain(metafile, entryOf(metafile), file).join(' → ');
  const native = Object.keys(metafile.inputs).find((file) => file.endsWith('.node'));
  if (native !== undefined) {
    const owner = packageOf(native);
    throw new Error(
      `${native} is native code, for one platform, which one file cannot have (${chainTo(native)}). ` +
        `Use a package without native code, or leave ${owner ?? 'it'} in node_modules with \`external\` and ship that too.`,
    );
  }
  const [dynamic] = dynamicRequires(warnings, allowDynamic);
  if (dynamic === undefined) return;
  const { file, line, text } = dynamic;
  const owner = packageOf(file);
  throw new Error(
    `${file}:${line} requires what is known only when it runs, and would not be in the file: ${text} (${chainTo(file)}). ` +
      (owner === undefined
        ? 'Require it by its name, or import it by `import()`.'
        : `If the program does not come there, name ${owner} in \`allowDynamic\`; or leave it in node_modules with \`external\`.`),
  );
}

function entryOf({ outputs }: Metafile): string {
  const [, main] = Object.entries(outputs).find(([path]) => path.endsWith(`/${ENTRY}.js`)) ?? [];
  return main?.entryPoint ?? '';
}
