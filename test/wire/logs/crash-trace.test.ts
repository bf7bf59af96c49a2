import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineDecoder } from '../../../src/wire/lines.js';
import { CrashTrace } from '../../../src/wire/logs/crash-trace.js';
import { createLogParser } from '../../../src/wire/logs/parse-line.js';

/** Programs that end badly, by file name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'throw.mjs': "\nthrow new TypeError('boom', { cause: new Error('why') });\n",
  'throw.cjs':
    "'use strict';\nfunction inner() { throw Object.assign(new RangeError('boom'), { code: 'X', data: { a: [1] } }); }\ninner();\n",
  'throw-text.cjs': "throw 'just text';\n",
  'throw-late.mjs': "setTimeout(() => { throw new Error('late'); }, 1);\n",
  'several-lines.mjs': "throw new Error('first\\nsecond\\nthird');\n",
  'reject.mjs': "Promise.reject(new Error('rejected'));\nawait new Promise((resolve) => setTimeout(resolve, 1000));\n",
  'reject-text.mjs': "Promise.reject('no error');\nawait new Promise((resolve) => setTimeout(resolve, 1000));\n",
  'syntax.cjs': 'const x = ;\n',
  'missing.mjs': "import '../not-there.mjs';\n",
  'assertion.mjs': "import assert from 'node:assert';\nassert.deepEqual({ a: 1, b: [1, 2] }, { a: 2, b: [1, 3] });\n",
  'emitter.cjs': "new (require('node:events'))().emit('error', new Error('unheard'));\n",
};

function stderrOf(file: string): Buffer {
  const { stderr, status } = spawnSync(process.execPath, [file], { timeout: 120_000 });
  assert.notEqual(status, 0);
  return stderr;
}

test('every line of what Node prints when it dies of an exception arrives at error', () => {
  const dir = mkdtempSync(join(tmpdir(), 'crash-'));
  try {
    for (const [name, source] of Object.entries(PROGRAMS)) {
      const file = join(dir, name);
      writeFileSync(file, source);
      const decoder = new LineDecoder();
      const parser = createLogParser();
      const lines = [...decoder.push(stderrOf(file)), ...decoder.end()].filter(
        ({ text }) => text !== '' && !/Warning/.test(text),
      );
      assert.ok(lines.length > 2, name);
      const missed = lines.filter((line) => parser.parse(line)?.level !== 'error').map(({ text }) => text);
      assert.deepEqual(missed, [], name);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a report is idle until it begins, and an interruption ends what is not fatal', () => {
  const trace = new CrashTrace();
  assert.ok(trace.idle);
  assert.ok(trace.includes('Error: x'));
  assert.ok(!trace.idle);
  trace.interrupt();
  assert.ok(trace.idle && !trace.includes('    at f'));
  assert.ok(trace.includes('panic: x'));
  trace.interrupt();
  assert.ok(!trace.idle && trace.includes('anything'));
});

test('hostile lines are judged in linear time: in quadratic time this would not end', () => {
  const length = 4 * 1024 * 1024;
  for (const unit of [' ', '^', 'a', '.js:1', ':1', 'Error', 'node:internal/', '.']) {
    const text = `${unit.repeat(length / unit.length)}!`;
    for (const line of [text, `Error [${text}`, `node:internal/${text}`]) {
      const trace = new CrashTrace();
      trace.includes('a.js:1');
      trace.includes('source');
      assert.equal(trace.includes(line), false, line.slice(0, 30));
    }
  }
});

const PYTHON_CHAIN = `Traceback (most recent call last):
  File "/app/plugin.py", line 4, in load
    return settings[name]
KeyError: 'port'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/plugin.py", line 10, in <module>
    main()
  File "/app/plugin.py", line 6, in main
    raise NoSettings(name) from None
__main__.NoSettings: port`;

const PYTHON_GROUP = `  + Exception Group Traceback (most recent call last):
  |   File "/app/plugin.py", line 1, in <module>
  | ExceptionGroup: two of them (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: one
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------`;

const JAVA = `Exception in thread "main" java.lang.IllegalStateException: not ready
	at Plugin.serve(Plugin.java:7)
	at Plugin.main(Plugin.java:3)
Caused by: java.io.IOException: no socket
	... 2 more`;

for (const [title, report] of [
  ['a Python traceback with what it was raised in', PYTHON_CHAIN],
  ['an exception group of Python', PYTHON_GROUP],
  ['a Java exception with its cause', JAVA],
] as const) {
  test(`${title} is one trace, and the text after it is not part of it`, () => {
    const parser = createLogParser();
    const kinds = (text: string) => text.split('\n').map((line) => parser.parse({ text: line, part: 'whole' })?.kind);
    const expected = report.split('\n').map(() => 'trace');
    assert.deepEqual(kinds('ready'), ['text']);
    assert.deepEqual(kinds(report), expected);
    assert.deepEqual(kinds('going on\nand on'), ['text', 'text']);
    assert.deepEqual(kinds(`${report}\n[INFO] going on`), [...expected, 'text']);
  });
}
