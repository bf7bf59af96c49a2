/**
 * The published file is a loader with the program in a comment: V8 skips it, and the loader takes it from memory, as part of the text that
 * was read and checked, and not from a file that somebody may have replaced since.
 */
const BEFORE = 'const program = function () {/*';
const AFTER = '*/};';
const FUNCTION = 'function () {/*';
/** Stands for the end of a comment within the program. */
const COMMENT_END = '*\u0001/';

/** The line by which a system with a shell finds Node. */
export const SHEBANG = '#!/usr/bin/env node';

/** Where the program lies in a file, and what the file says of itself. */
export interface FileForm {
  /** Begins with the line by which a shell runs it. */
  readonly executable?: boolean;
}

/**
 * All files begin with it: the lines of the program are where they are in the file, and stored code, which keeps the name and the lines that it was
 * compiled with, tells the same of an error. The name is without its folder, which is another one later.
 */
function beginning(program: string, remark: string, { executable = false }: FileForm): string {
  const [before, lines] = executable ? [`${SHEBANG}\n`, LINES_BEFORE + 1] : ['', LINES_BEFORE];
  const text = `program.toString().slice(${FUNCTION.length}, ${1 - AFTER.length}).replaceAll('*\\u0001/', '*/')`;
  return `${before}'use strict';\n// ${remark}\n${commented(program)}\n${compiling(text, lines)}`;
}

const LINES_BEFORE = 2;

/**
 * Compiles the program, whose text is the value of the expression `text`. Its options are part of what V8 compares stored code with. A file
 * without an extension is an ES module for Node where a `package.json` above it says so, and has then no `require`; it is the program's
 * main file.
 */
function compiling(text: string, lineOffset: number): string {
  return `const [fs, path, vm] = ['fs', 'path', 'vm'].map((name) => process.getBuiltinModule('node:' + name));
const file = typeof __filename === 'undefined' ? fs.realpathSync(process.argv[1]) : __filename;
const ownRequire = typeof require === 'undefined' ? process.getBuiltinModule('node:module').createRequire(file) : require;
const ownModule = typeof module === 'undefined' ? { exports: {} } : module;
const read = (file) => {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
};
const compile = (cachedData) =>
  new vm.Script(${text}, {
    filename: path.basename(file),
    lineOffset: ${lineOffset},
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    cachedData,
  });
const importModule = (specifier) => import(specifier);
const run = (script) =>
  script.runInThisContext()(ownModule.exports, ownRequire, ownModule, file, path.dirname(file), importModule);`;
}

/** Names what V8 compiles for: the code of another version is refused. */
export const CODE_KEY = `\${process.version}-\${process.platform}-\${process.arch}`;

/**
 * The file to be run. It takes the code file beside it if its SHA-256 is the one of this version of Node: V8 runs stored code as it is.
 * Without the code, or if V8 refuses it, the program is compiled as usual.
 */
export function loaderFile(program: string, codes: Readonly<Record<string, string>>, form: FileForm): string {
  return [
    beginning(
      program,
      'A program with everything that it imports, made by rxplug/bundle. Code beside it is used if its SHA-256 is below.',
      form,
    ),
    `const codes = ${JSON.stringify(codes)};`,
    `const key = \`${CODE_KEY}\`;`,
    "const stored = codes[key] === undefined ? undefined : read(file + '.' + key + '.code');",
    "const { createHash } = stored === undefined ? {} : process.getBuiltinModule('node:crypto');",
    "const isKnown = stored !== undefined && createHash('sha256').update(stored).digest('hex') === codes[key];",
    'run(compile(isKnown ? stored : undefined));',
    '',
  ].join('\n');
}

/** The names under which a single executable has the program's text, and what V8 has compiled of it. */
export const PROGRAM_ASSET = 'program';
export const CODE_ASSET = 'code';

/**
 * The main file of a single executable, which has its program and its code as assets: so Node does not decode the text, and V8 does not look
 * for the end of a comment. In stored code, and in its main file, it has no `import()` of its own.
 */
export function executableMain(): string {
  const text = `Buffer.from(ownRequire('node:sea').getRawAsset(${JSON.stringify(PROGRAM_ASSET)})).latin1Slice()`;
  return [
    "'use strict';",
    '// A program with everything that it imports, made by rxplug/bundle.',
    compiling(text, LINES_BEFORE).replace(
      'const importModule = (specifier) => import(specifier);',
      `const importModule = vm.runInThisContext('(specifier) => import(specifier)', {
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});`,
    ),
    'const stored = () => {',
    '  try {',
    `    return Buffer.from(ownRequire('node:sea').getRawAsset(${JSON.stringify(CODE_ASSET)}));`,
    '  } catch {',
    '    return undefined;',
    '  }',
    '};',
    'run(compile(stored()));',
    '',
  ].join('\n');
}

/** The file that is run to record. At its exit it stores what V8 has compiled, besides what an earlier run has stored. */
export function recorderFile(program: string, codeFile: string, form: FileForm): string {
  return [
    beginning(program, 'Records the code of a program.', form),
    `const script = compile(read(${JSON.stringify(codeFile)}));`,
    `process.once('exit', () => fs.writeFileSync(${JSON.stringify(codeFile)}, script.createCachedData()));`,
    'run(script);',
    '',
  ].join('\n');
}

function commented(program: string): string {
  return `${BEFORE}${asFunction(program).replaceAll('*/', COMMENT_END)}${AFTER}`;
}

/** The text that V8 compiles, in ASCII. */
export function asFunction(program: string): string {
  return `(function (exports, require, module, __filename, __dirname, importModule) {${escapeNonAscii(program)}\n})`;
}

/** ASCII is read without decoding. esbuild escapes strings, but not regular expressions and comments. */
function escapeNonAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
