/**
 * Takes the modules of Node from `process.getBuiltinModule`: for `import` Node would evaluate everything that they export, and load what
 * that needs. What is a function is looked up when it is called, so that a module of which only functions are needed is loaded then.
 */
export const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? undefined : { path, namespace: 'builtin', sideEffects: false },
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const get = `process.getBuiltinModule('${path}')`;
      const module = process.getBuiltinModule(path);
      const names = Object.keys(await import(path)).filter((name) => name !== 'default');
      const lines = names.map((name) => exported(name, module[name], get, path === 'node:crypto'));
      return { contents: [...lines, `export default /* @__PURE__ */ (() => ${get})();`].join('\n') };
    });
  },
};

/** A function is looked up when it is called; of a module that is dear, a class when it is constructed, and a constant when it is read. */
function exported(name, value, module, isDear) {
  if (typeof value === 'function' && /^[a-z]/.test(name))
    return `export function ${name}(...args) { return ${module}.${name}(...args); }`;
  if (isDear && typeof value === 'function')
    return `export function ${name}(...args) { return new (${module}.${name})(...args); }`;
  if (isDear)
    return `export const ${name} = /* @__PURE__ */ new Proxy({}, { get: (_, key) => ${module}.${name}[key] });`;
  return `export const ${name} = /* @__PURE__ */ (() => ${module}.${name})();`;
}
