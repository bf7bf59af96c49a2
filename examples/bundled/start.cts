/**
 * Runs the bundle with the code that V8 compiled for it on an earlier run and that is stored in a file. V8 rejects the code of another
 * bundle, another version or other flags; then, or when there is no file, the bundle is compiled as usual. With RXPLUG_RECORD set,
 * the file is written when the process exits.
 */
import fs = require('node:fs');
import path = require('node:path');
import vm = require('node:vm');

const bundle = path.join(__dirname, 'plugin.cjs');
const compiled = path.join(__dirname, `plugin.${process.version}.${process.arch}.code`);
// The bundle is ASCII; latin1 is the fastest encoding to read it with.
const source = fs.readFileSync(bundle, 'latin1');
const cachedData = fs.existsSync(compiled) ? fs.readFileSync(compiled) : undefined;

const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
  filename: bundle,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  ...(cachedData === undefined ? {} : { cachedData }),
});
if (process.env['RXPLUG_RECORD'] !== undefined)
  process.once('exit', () => fs.writeFileSync(compiled, script.createCachedData()));
script.runInThisContext()(exports, require, module, bundle, __dirname);
