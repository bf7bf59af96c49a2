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
      const lines = names.map((name) =>
        typeof module[name] === 'function' && /^[a-z]/.test(name)
          ? `export function ${name}(...args) { return ${get}.${name}(...args); }`
          : `export const ${name} = /* @__PURE__ */ (() => ${get}.${name})();`,
      );
      return { contents: [...lines, `export default /* @__PURE__ */ (() => ${get})();`].join('\n') };
    });
  },
};
