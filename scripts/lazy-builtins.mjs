const LAZY = /^node:(tls|zlib|child_process|v8|http|http2|fs\/promises|os|module)$/;

/** Loads some modules of Node when one of their functions is called: most programs need none of them, and they load others in turn. */
export const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LAZY }, ({ path, kind }) =>
      kind === 'dynamic-import' ? undefined : { path, namespace: 'lazy-builtin', sideEffects: false },
    );
    onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, async ({ path }) => {
      const functions = Object.entries(await import(path)).filter(
        ([name, of]) => typeof of === 'function' && name !== 'default' && /^[a-z]/.test(name),
      );
      return { contents: functions.map(([name]) => deferred(name, path)).join('\n') };
    });
  },
};

function deferred(name, path) {
  return `export function ${name}(...args) { return process.getBuiltinModule('${path}').${name}(...args); }`;
}
