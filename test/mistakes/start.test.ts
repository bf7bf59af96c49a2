import { chmodSync } from 'node:fs';
import { directory, file, type Mistake, program, start, testMistakes, WELL } from './mistakes.js';

const node = process.execPath;
const posix = { skip: process.platform === 'win32' ? 'POSIX only' : false };
const asRoot = { skip: process.getuid?.() === 0 ? 'root may do it' : false };

/** Mode and owner of a file. */
const NOTES = /(?<=\n {2}Mode: )[^]*/;

const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'the script is missing',
    make: () => start({ command: [node, `${directory}/dist/kv.js`] }),
    message:
      'The plugin kv exited with code 1 before it printed a handshake. It wrote to stderr: "Error: Cannot find module \'<dir>/dist/kv.js\'" (details.stderr has more). There is no script <dir>/dist/kv.js: correct the path, or build the plugin first.',
  },
  {
    mistake: 'the program is missing',
    make: () => start({ command: [`${directory}/kv-plugin`] }),
    message:
      'The plugin <dir>/kv-plugin could not be started (ENOENT). There is no file <dir>/kv-plugin: correct the path, or build the plugin first.\n  Path: <dir>/kv-plugin',
  },
  {
    mistake: 'the program is in no directory of PATH',
    make: () => start({ command: ['kv-plugin'], env: { PATH: '/nowhere' } }),
    message:
      'The plugin kv-plugin could not be started (ENOENT). There is no program `kv-plugin` in PATH (/nowhere): install it, or give its full path.',
  },
  {
    mistake: 'a syntax error',
    make: () => start({ command: program('syntax.mjs', 'const = 1;\n') }),
    message:
      'The plugin syntax exited with code 1 before it printed a handshake. It wrote to stderr: "SyntaxError: Unexpected token \'=\'" (details.stderr has more). Correct its source, or compile it for the Node that runs it.',
  },
  {
    mistake: 'TypeScript on a Node that does not run it',
    make: () => start({ command: [node, file('level.ts', 'enum Level { Low }\n')] }),
    skip: 'typescript' in process.features && process.features.typescript !== false && 'this Node runs TypeScript',
    message:
      'The plugin level exited with code 1 before it printed a handshake. It wrote to stderr: "SyntaxError: Unexpected reserved word" (details.stderr has more). <dir>/level.ts is TypeScript, which Node <version> does not run: compile it, or add `--import tsx` to the command.',
  },
  {
    mistake: 'an import of a package that is not installed',
    make: () => start({ command: program('package.mjs', `await import('not-installed');\n`) }),
    message:
      'The plugin package exited with code 1 before it printed a handshake. It wrote to stderr: "Error [ERR_MODULE_NOT_FOUND]: Cannot find package \'not-installed\' imported from <dir>/package.mjs" (details.stderr has more). It lacks the package not-installed: run `npm install` where its package.json is.',
  },
  {
    mistake: 'an import of a file that is not there',
    make: () => start({ command: program('import.mjs', `await import('./store.js');\n`) }),
    message:
      'The plugin import exited with code 1 before it printed a handshake. It wrote to stderr: "Error [ERR_MODULE_NOT_FOUND]: Cannot find module \'<dir>/store.js\' imported from <dir>/import.mjs" (details.stderr has more). It lacks the file <dir>/store.js: correct the path, or build the plugin first.',
  },
  {
    mistake: 'import in a CommonJS file',
    make: () => start({ command: [node, file('common.cjs', `import { serve } from 'rxplug';\n`)] }),
    message:
      'The plugin common exited with code 1 before it printed a handshake. It wrote to stderr: "SyntaxError: Cannot use import statement outside a module" (details.stderr has more). Its file has `import` and is taken for CommonJS: set `"type": "module"` in its package.json, or call it .mjs.',
  },
  {
    mistake: 'require in an ES module',
    make: () => start({ command: [node, file('module.mjs', `require('fs');\n`)] }),
    message:
      'The plugin module exited with code 1 before it printed a handshake. It wrote to stderr: "ReferenceError: require is not defined in ES module scope, you can use import instead" (details.stderr has more). Its file has `require` and is taken for an ES module: remove `"type": "module"`, or call it .cjs.',
  },
  {
    mistake: 'an exception before serve',
    make: () => start({ command: program('throws.mjs', `throw new TypeError('no configuration');\n`) }),
    message:
      'The plugin throws exited with code 1 before it printed a handshake. It wrote to stderr: "TypeError: no configuration" (details.stderr has more).',
  },
  {
    mistake: 'an exception before serve with a trace of 200 lines',
    make: () => {
      const trace = `'TypeError: no configuration' + '\\n    at load (config.js:1:1)'.repeat(200)`;
      return start({ command: program('trace.mjs', `throw Object.assign(new TypeError(), { stack: ${trace} });\n`) });
    },
    message:
      'The plugin trace exited with code 1 before it printed a handshake. It wrote to stderr: "TypeError: no configuration" (details.stderr has more).',
  },
  {
    mistake: 'another cookie',
    make: () =>
      start({
        command: program('cookie.mjs', WELL),
        handshake: { protocolVersion: 1, magicCookieKey: 'GREETER_PLUGIN', magicCookieValue: 'bye' },
      }),
    message:
      'The plugin cookie exited with code 1 before it printed a handshake. It wrote to stderr: "This program is a plugin. It is not meant to be run directly (GREETER_PLUGIN has another value in its environment than the plugin expects). Please run the program that uses the plugin; it will start the plugin by itself". It has not found its magic cookie: compare `magicCookieKey` and `magicCookieValue` of both ends, which must be the same.',
  },
  {
    mistake: 'another variable of the cookie',
    make: () =>
      start({
        command: program('cookie-key.mjs', WELL),
        handshake: { protocolVersion: 1, magicCookieKey: 'OTHER_PLUGIN', magicCookieValue: 'hello' },
      }),
    message:
      'The plugin cookie-key exited with code 1 before it printed a handshake. It wrote to stderr: "This program is a plugin. It is not meant to be run directly (GREETER_PLUGIN is not set in its environment). Please run the program that uses the plugin; it will start the plugin by itself". It has not found its magic cookie: compare `magicCookieKey` and `magicCookieValue` of both ends, which must be the same.',
  },
  {
    mistake: 'a line is printed before serve',
    make: () => start({ command: program('prints.mjs', `console.log('starting');\n${WELL}`) }),
    message:
      'The plugin prints\'s first line on stdout is not a handshake: "starting". Expected "CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE", at least 4 fields, got 1. Check that the command is a plugin and that it prints nothing before it serves.',
  },
  {
    mistake: 'dotenv prints its banner before serve',
    make: () =>
      start({
        command: program('dotenv.mjs', `console.log('[dotenv@17.2.1] injecting env (1) from .env');\n${WELL}`),
      }),
    message:
      'The plugin dotenv\'s first line on stdout is not a handshake: "[dotenv@17.2.1] injecting env (1) from .env". Expected "CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE", at least 4 fields, got 1. dotenv prints such a line: call it with `{ quiet: true }`, or set DOTENV_CONFIG_QUIET=true.',
  },
  {
    mistake: 'serve is never called, and the program goes on',
    make: () => start({ command: program('never.mjs', 'setInterval(() => {}, 1000);\n'), startTimeoutMs: 2500 }),
    message:
      'The plugin never printed no handshake within 2500 ms. It printed nothing, or did not flush stdout, which many languages buffer when it is a pipe (Python: `flush=True`, C: `fflush(stdout)`). Expected one line "CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE" on stdout, ended by a line break. Check that the command is a plugin, or raise `startTimeoutMs`.',
  },
  {
    mistake: 'serve is never called, and the program ends',
    make: () => start({ command: program('ends.mjs', 'export {};\n') }),
    message:
      'The plugin ends exited with code 0 before it printed a handshake. It wrote nothing to stderr. It ended without an error: check that it calls `serve` and awaits it, and that nothing ends the process before.',
  },
  {
    mistake: 'serve is called and not awaited, and the program exits',
    make: () => start({ command: program('exits.mjs', `void serve({ handshake, plugins: {} });\nprocess.exit();\n`) }),
    message:
      'The plugin exits exited with code 0 before it printed a handshake. It wrote nothing to stderr. It ended without an error: check that it calls `serve` and awaits it, and that nothing ends the process before.',
  },
  {
    mistake: 'a program that is no plugin',
    make: () => start({ command: ['echo', 'hello'] }),
    message:
      'The plugin echo\'s first line on stdout is not a handshake: "hello". Expected "CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE", at least 4 fields, got 1. Check that the command is a plugin and that it prints nothing before it serves.',
    ...posix,
  },
  {
    mistake: 'a program for another architecture',
    make: () => start({ command: [file('foreign', elf(), 0o755)] }),
    // The C library gives such a file to the shell.
    varies: /(?<=could not be started |handshake\. ).*(?=<dir>\/foreign was)/,
    message:
      'The plugin foreign exited with code 127 before it printed a handshake. …<dir>/foreign was built for ELF s390x, this is ELF x64: get or build the plugin for linux-x64.',
    skip: process.platform === 'linux' && process.arch !== 's390' ? false : 'made for Linux',
  },
  {
    mistake: 'a script with CRLF line ends',
    make: () => start({ command: [file('crlf', '#!/usr/bin/env node\r\nconsole.log(1)\r\n', 0o755)] }),
    // What env says of `node\r` depends on the directories in PATH.
    varies: /(?<=exited with ).*(?= The first)/,
    message:
      "The plugin crlf exited with … The first line of <dir>/crlf ends with a carriage return, which becomes part of the interpreter's name: save it with LF line ends.",
    ...posix,
  },
  {
    mistake: 'a script without permission',
    make: () => start({ command: [file('mode', '#!/usr/bin/env node\n')] }),
    varies: NOTES,
    message:
      'The plugin <dir>/mode could not be started (EACCES). <dir>/mode is not executable: set the permission with `chmod +x <dir>/mode`.\n  Path: <dir>/mode\n  Mode: …',
    ...posix,
  },
  {
    mistake: 'a script of Node that may not be read',
    make: () => {
      const [, path] = program('secret.mjs', WELL);
      chmodSync(path, 0);
      return start({ command: [node, path] });
    },
    message:
      'The plugin secret exited with code 1 before it printed a handshake. It wrote to stderr: "Error: EACCES: permission denied, open \'<dir>/secret.mjs\'" (details.stderr has more). This user may not read <dir>/secret.mjs: change its mode or its owner.',
    ...asRoot,
  },
  {
    mistake: 'a directory',
    make: () => start({ command: [directory] }),
    varies: NOTES,
    message:
      'The plugin <dir> could not be started (EACCES). <dir> is a directory: give the path of the program in it.\n  Path: <dir>\n  Mode: …',
  },
  {
    mistake: 'a directory for Node',
    make: () => {
      file('project/readme.md', '');
      return start({ command: [node, `${directory}/project`] });
    },
    message:
      'The plugin project exited with code 1 before it printed a handshake. It wrote to stderr: "Error: Cannot find module \'<dir>/project\'" (details.stderr has more). <dir>/project is a directory: give the script in it.',
  },
  {
    mistake: 'a working directory that does not exist',
    make: () => start({ command: program('cwd.mjs', WELL), cwd: `${directory}/nowhere` }),
    message:
      'The plugin <node> could not be started (ENOENT). The working directory <dir>/nowhere does not exist: create it, or correct the `cwd` option.',
  },
];

/** The head of an ELF program for a System/390. */
function elf(): Uint8Array {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  head.writeUInt16BE(2, 16);
  head.writeUInt16BE(22, 18);
  return head;
}

testMistakes(MISTAKES);
