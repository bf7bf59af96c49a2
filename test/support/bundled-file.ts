import { build } from 'esbuild';

/** Makes one file of a program of ours, which needs no package. */
export async function bundledFile(script: string, outfile: string): Promise<void> {
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'silent', banner: { js } } as const;
  await build({ entryPoints: [script], outfile, ...options });
}
