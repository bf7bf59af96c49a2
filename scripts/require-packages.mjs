import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const PACKAGES = /^(@grpc\/grpc-js|node-forge)(\/|$)/;
const REQUIRE = 'rxplug:require';

/**
 * Requires packages of CommonJS instead of importing them: Node 20 reads every imported file of them with a lexer, and loads what is
 * required in half the time. Of rxjs only the files that are needed are required, and those of functions with the first call. A required
 * module is the one that the application imports: rxjs has one build for both on Node. A bundler could not follow.
 */
export const requirePackages = {
  name: 'require-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^rxplug:require$/ }, ({ path }) => ({ path, namespace: 'require', sideEffects: false }));
    onLoad({ filter: /.*/, namespace: 'require' }, () => ({
      contents:
        "import { createRequire } from 'node:module'; export const require = /* @__PURE__ */ createRequire(import.meta.url);",
    }));
    onResolve({ filter: PACKAGES }, ({ path }) => ({ path, namespace: 'required', sideEffects: false }));
    onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({ contents: requiring(path) }));
    const files = filesOfRxjs();
    onResolve({ filter: /^rxjs$/ }, ({ path }) => ({ path, namespace: 'rxjs', sideEffects: false }));
    onLoad({ filter: /.*/, namespace: 'rxjs' }, () => ({
      contents: [...files.keys()].map((name) => `export { ${name} } from 'rxjs:${name}';`).join('\n'),
    }));
    onResolve({ filter: /^rxjs:/ }, ({ path }) => ({ path, namespace: 'rxjs-export', sideEffects: false }));
    onLoad({ filter: /.*/, namespace: 'rxjs-export' }, ({ path }) => {
      const name = path.slice('rxjs:'.length);
      return { contents: requiringExport(name, files.get(name)) };
    });
  },
};

/** A module with all names of a CommonJS package. */
function requiring(path) {
  const names = Object.keys(require(path)).filter(
    (name) => /^\w+$/.test(name) && name !== '__esModule' && name !== 'default',
  );
  return `import { require } from '${REQUIRE}';
const all = /* @__PURE__ */ require('${path}');
${names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`).join('\n')}
export default all;`;
}

/** A module with one name of rxjs. What is a function is loaded when it is called. */
function requiringExport(name, file) {
  const isFunction = typeof require('rxjs')[name] === 'function' && /^[a-z]/.test(name);
  return isFunction
    ? `import { require } from '${REQUIRE}';
let made;
export function ${name}(...args) { return (made ??= require('rxjs/${file}').${name})(...args); }`
    : `import { require } from '${REQUIRE}';
export const { ${name} } = /* @__PURE__ */ require('rxjs/${file}');`;
}

/** Where each name of rxjs is: `firstValueFrom` in `internal/firstValueFrom`. */
function filesOfRxjs() {
  const index = readFileSync(require.resolve('rxjs'), 'utf8');
  const required = new Map(
    [...index.matchAll(/^var (\w+) = require\("\.\/(internal\/[^"]+)"\)/gm)].map(([, name, file]) => [name, file]),
  );
  const getters = index.matchAll(
    /defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return (\w+)\.(\w+)/g,
  );
  return new Map(
    [...getters].map(([, name, module, property]) => {
      if (name !== property) throw new Error(`rxjs exports ${property} as ${name}: give its files both names`);
      return [name, required.get(module)];
    }),
  );
}
