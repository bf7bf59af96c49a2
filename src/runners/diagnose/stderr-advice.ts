/** What a runtime says when a program does not start, and what its user can do about it. */
const ADVICE: readonly (readonly [says: RegExp, advice: (found: RegExpExecArray) => string])[] = [
  [
    /is a plugin[^]*not meant to be (?:run|executed) directly/,
    () =>
      'It has not found its magic cookie: compare `magicCookieKey` and `magicCookieValue` of both ends, which must be the same.',
  ],
  [
    /Unknown file extension "(\.[cm]?tsx?)"/,
    ([, extension]) =>
      `Its Node does not run ${extension} files: compile them, or add \`--import tsx\` to the command.`,
  ],
  [
    /\[ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX\]/,
    () =>
      'Its Node runs TypeScript as far as that needs no translation: compile it, or add `--import tsx` to the command.',
  ],
  [
    /Cannot use import statement outside a module/,
    () =>
      'Its file has `import` and is taken for CommonJS: set `"type": "module"` in its package.json, or call it .mjs.',
  ],
  [
    /(require|module|exports|__dirname|__filename) is not defined in ES module scope/,
    ([, name]) =>
      `Its file has \`${name}\` and is taken for an ES module: remove \`"type": "module"\`, or call it .cjs.`,
  ],
  [
    /\[ERR_REQUIRE_ESM\]|require\(\) of ES Module|\[ERR_REQUIRE_ASYNC_MODULE\]/,
    () => 'It requires an ES module, which its Node cannot: use `import`, or a newer Node.',
  ],
  [
    /Cannot find package '([^']+)'|Cannot find module '([^'./\\][^']*)'/,
    ([, first, second]) => `It lacks the package ${first ?? second}: run \`npm install\` where its package.json is.`,
  ],
  [
    /Cannot find module '([^']+)'/,
    ([, file]) => `It lacks the file ${file}: correct the path, or build the plugin first.`,
  ],
  [
    /does not provide an export named '([^']+)'/,
    ([, name]) => `It imports ${name}, which the module does not have: compare the versions of its packages.`,
  ],
  [/^SyntaxError: /m, () => 'Correct its source, or compile it for the Node that runs it.'],
  [
    /JavaScript heap out of memory|out of memory|MemoryError/,
    () => 'Give it more memory, for Node with `--max-old-space-size`.',
  ],
  [/error while loading shared libraries: (\S+):/, ([, name]) => `Install the library ${name}.`],
  [
    /GLIBC_[\d.]+' not found/,
    () => 'It was built for a newer C library than this system has: build it here, or statically.',
  ],
];

/** What to do about what a program has written to stderr before it ended; undefined when nothing of it is known. */
export function stderrAdvice(stderr: readonly string[]): string | undefined {
  const text = stderr.join('\n');
  for (const [says, advice] of ADVICE) {
    const found = says.exec(text);
    if (found !== null) return advice(found);
  }
  return undefined;
}
