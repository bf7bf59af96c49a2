/**
 * The published file is a loader with the program in a comment: V8 skips it, and the loader takes it from memory, as part of the text that
 * was read and checked, and not from a file that somebody may have replaced since.
 */
const FUNCTION = 'function () {/*';
const AFTER = '*/};';
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
  const text = `${commentOf('program')}.replaceAll('*\\u0001/', '*/')`;
  return `${before}'use strict';\n// ${remark}\n${commented(program)}\n${compiling(text, lines)}`;
}

/** The expression for what is in the comment of a function. */
const commentOf = (name: string): string => `${name}.toString().slice(${FUNCTION.length}, ${1 - AFTER.length})`;

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

/** What V8 has compiled for: code is for one version of Node, on one platform. */
const MADE_FOR = `${process.version} ${process.platform} ${process.arch}`;

/**
 * The file to be run. What V8 has compiled is in another comment, as base64, and not in a file of its own: V8 runs stored code as it is, so that a
 * checksum of the file has to cover it. On another version of Node or another platform, and without code, the program is compiled as usual.
 */
export function loaderFile(program: string, code: Uint8Array | undefined, form: FileForm): string {
  const remark = 'A program with everything that it imports, and what V8 has compiled for it, made by rxplug/bundle.';
  const lines = code === undefined ? ['run(compile());'] : runningCode(code);
  return [beginning(program, remark, form), ...lines, ''].join('\n');
}

function runningCode(code: Uint8Array): readonly string[] {
  return [
    `const code = ${FUNCTION}${Buffer.from(code).toString('base64')}${AFTER}`,
    `const isMadeForThis = \`\${process.version} \${process.platform} \${process.arch}\` === '${MADE_FOR}';`,
    `run(compile(isMadeForThis ? Buffer.from(${commentOf('code')}, 'base64') : undefined));`,
  ];
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
    `const codeFile = ${JSON.stringify(codeFile)};`,
    'const script = compile(fs.existsSync(codeFile) ? fs.readFileSync(codeFile) : undefined);',
    `process.once('exit', () => fs.writeFileSync(codeFile, script.createCachedData()));`,
    'run(script);',
    '',
  ].join('\n');
}

function commented(program: string): string {
  return `const program = ${FUNCTION}${asFunction(program).replaceAll('*/', COMMENT_END)}${AFTER}`;
}

/** The text that V8 compiles, in ASCII. */
export function asFunction(program: string): string {
  return `(function (exports, require, module, __filename, __dirname, importModule) {${escapeNonAscii(program)}\n})`;
}

/** ASCII is read without decoding. esbuild escapes strings, but not regular expressions and comments. */
function escapeNonAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
