/** What esbuild makes of every file that is published: ES modules for the oldest Node that is supported, with what they share in `parts`. */
export const ES_MODULES = {
  bundle: true,
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  lineLimit: 120,
  logLevel: 'warning',
};
