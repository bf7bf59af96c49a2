import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** Packages of CommonJS, by the names of the files through which they are imported: together what is loaded together. */
const PACKAGES = {
  core: ['rxjs', ...['constants', 'metadata'].map((file) => `@grpc/grpc-js/build/src/${file}.js`)],
  connectivity: ['@grpc/grpc-js/build/src/connectivity-state.js'],
  'grpc-js': ['@grpc/grpc-js'],
  asn1: ['node-forge/lib/asn1.js'],
  'rxjs-testing': ['rxjs/testing'],
};

const fileOf = new Map(Object.entries(PACKAGES).flatMap(([file, packages]) => packages.map((name) => [name, file])));

/** Imports packages of CommonJS through the files that `writePackages` makes, and other packages as they are. */
export const externalPackages = {
  name: 'external-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^@?[\w-]+(\/|$)/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return;
      const file = fileOf.get(path);
      return { path: file === undefined ? path : `#packages/${file}`, external: true };
    });
  },
};

/**
 * Writes two files for each name, of which `imports` in package.json takes one. Bundlers, which know the condition `module`, get `imported`.
 * Node gets `required`: Node 20 reads every imported file of CommonJS with a lexer, and loads what is required in half the time. A required
 * module is the one that the application imports: these packages have one build for both on Node.
 */
export function writePackages(directory, compiled) {
  const used = namesImported(compiled);
  for (const set of ['imported', 'required']) mkdirSync(join(directory, set));
  for (const [file, packages] of Object.entries(PACKAGES)) {
    const named = packages.map((path) => [path, [...(used.get(path) ?? [])].toSorted((a, b) => (a < b ? -1 : 1))]);
    writeFileSync(join(directory, `imported/${file}.js`), named.map(importing).join(''));
    writeFileSync(join(directory, `required/${file}.js`), REQUIRE + named.map(requiring).join(''));
  }
}

/** Which names of each package the library's compiled files import, not the command's. What `import()` loads has a default. */
function namesImported(compiled) {
  const used = new Map();
  const files = readdirSync(compiled, { recursive: true }).filter(
    (name) => name.endsWith('.js') && !/^cli\b/.test(name),
  );
  for (const file of files) {
    const text = readFileSync(join(compiled, file), 'utf8');
    const statics = [...text.matchAll(/^(?:import|export) \{ ([^}]*?),? \} from '([^']+)';$/gm)];
    const dynamics = [...text.matchAll(/\bimport\(()'([^']+)'\)/g)];
    for (const [, list, path] of [...statics, ...dynamics]) {
      const names = (list || 'default').split(', ').map((name) => name.replace(/ as .*/, ''));
      used.set(path, new Set([...(used.get(path) ?? []), ...names]));
    }
  }
  return used;
}

const importing = ([path, names]) => `export { ${names.join(', ')} } from '${path}';\n`;

/** Most files have the name of what they export. */
const REQUIRE_RXJS =
  "const rxjs = (file, name = file.replace(/.*\\//, '')) => require('rxjs/internal/' + file)[name];\n";

const REQUIRE = "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);\n";

function requiring([path, names]) {
  if (path === 'rxjs') return requiringRxjs(names);
  return names
    .map((name) =>
      name === 'default' ? `export default require('${path}');\n` : `export const { ${name} } = require('${path}');\n`,
    )
    .join('');
}

/** Of rxjs only the files that are needed are required, and those with the first use: a plugin prints its handshake line without them. */
function requiringRxjs(names) {
  const files = filesOfRxjs();
  const later = names.map((name) => {
    const file = files.get(name);
    return requiringLater(name, file.split('/').at(-1) === name ? `rxjs('${file}')` : `rxjs('${file}', '${name}')`);
  });
  return [REQUIRE_RXJS, ...later].join('');
}

/**
 * Classes are constructed by the library, and never extended or compared with: a test looks. With its first use a name becomes what was
 * required, for all who import it, so that later uses cost nothing.
 */
function requiringLater(name, required) {
  const value = require('rxjs')[name];
  const loaded = `(${name} = ${required})`;
  if (typeof value === 'function' && /^[a-z]/.test(name))
    return `export let ${name} = (...all) => ${loaded}(...all);\n`;
  if (typeof value === 'function') return `export let ${name} = function (...all) { return new ${loaded}(...all); };\n`;
  // An object may be kept by who imports it, and used for ever in this form: to require a module each time was 7 % of the CPU time of a loan.
  const once = `let later${name};\n`;
  const object = `(later${name} ??= ${loaded})`;
  // The library uses no more of a scheduler than SchedulerLike has.
  if (typeof value.schedule === 'function')
    return `${once}export let ${name} = { now: () => ${object}.now(), schedule: (...all) => ${object}.schedule(...all) };\n`;
  // EMPTY and NEVER, also as operators see them, which ask for `instanceof Observable`.
  const traps = `get: (_, key) => ${object}[key], getPrototypeOf: () => Object.getPrototypeOf(${object})`;
  return `${once}export let ${name} = new Proxy({}, { ${traps} });\n`;
}

/** Where each name of rxjs is, below `internal`: `filter` in `operators/filter`. */
function filesOfRxjs() {
  const index = readFileSync(require.resolve('rxjs'), 'utf8');
  const required = new Map(
    [...index.matchAll(/^var (\w+) = require\("\.\/internal\/([^"]+)"\)/gm)].map(([, name, file]) => [name, file]),
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
