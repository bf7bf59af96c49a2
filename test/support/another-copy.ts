import { createRequire } from 'node:module';

/** A CommonJS module, and all that it requires, loaded once more: what an application has that installed a package twice. */
export function anotherCopyOf(name: string): unknown {
  const require = createRequire(import.meta.url);
  const loaded = { ...require.cache };
  for (const file of Object.keys(require.cache)) Reflect.deleteProperty(require.cache, file);
  try {
    return require(name) as unknown;
  } finally {
    for (const file of Object.keys(require.cache)) Reflect.deleteProperty(require.cache, file);
    Object.assign(require.cache, loaded);
  }
}
