import type { InitializeHook, ResolveHook } from 'node:module';

const DEFAULT = '/src/protocols/grpc/shared/default-grpc-engine.js';
let substitute = '';

export const initialize: InitializeHook<string> = (engine) => {
  const source = `export const DEFAULT_GRPC_ENGINE = ${JSON.stringify(engine)};`;
  substitute = `data:text/javascript,${encodeURIComponent(source)}`;
};

/** Puts another default in the place of the library's own. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const found = await nextResolve(specifier, context);
  return found.url.endsWith(DEFAULT) ? { url: substitute, format: 'module', shortCircuit: true } : found;
};
