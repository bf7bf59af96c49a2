import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorLine } from '../../../src/wire/logs/error-line.js';

const CASES: readonly (readonly [name: string, lines: readonly string[], expected: string | undefined])[] = [
  ['nothing', [], undefined],
  ['blank lines', ['', '  '], undefined],
  ['one line', ['bye'], 'bye'],
  [
    'an uncaught error of Node',
    [
      '/app/plugin.js:3',
      "  throw new TypeError('no store');",
      '  ^',
      '',
      'TypeError: no store',
      '    at open (/app/plugin.js:3:9) {',
      '  [cause]: Error: ENOENT',
      '      at node:fs:1:1',
      '}',
      '',
      'Node.js v24.1.0',
    ],
    'TypeError: no store',
  ],
  [
    'an error of Node with a code',
    ['Error [ERR_MODULE_NOT_FOUND]: no rxjs', '    at x (y:1:1)'],
    'Error [ERR_MODULE_NOT_FOUND]: no rxjs',
  ],
  [
    'a panic of Go, which comes before its goroutines',
    [
      'panic: runtime error: index out of range [3]',
      '',
      'goroutine 1 [running]:',
      'main.main()',
      '\t/app/main.go:9 +0x1d',
      'exit status 2',
    ],
    'panic: runtime error: index out of range [3]',
  ],
  [
    'a traceback of Python',
    [
      'Traceback (most recent call last):',
      '  File "plugin.py", line 3, in <module>',
      "    open('x')",
      "FileNotFoundError: [Errno 2] 'x'",
    ],
    "FileNotFoundError: [Errno 2] 'x'",
  ],
  ['the last of several errors', ['Error: first', 'Error: second', '    at x (y:1:1)'], 'Error: second'],
  [
    'a line that speaks of an error before one that does not',
    ['cannot open /etc/kv.conf', 'bye'],
    'cannot open /etc/kv.conf',
  ],
  [
    'a log line at error, with its field',
    ['{"@level":"error","@message":"no disk","error":"EIO"}', '{"@level":"debug","@message":"closing, no error"}'],
    'no disk: EIO',
  ],
  [
    'a log line at error that was cut',
    ['{"@level":"error","@message":"the \\"store\\" failed","stack":"Error: at…'],
    'the "store" failed',
  ],
  [
    'an exception that a plugin of rxplug writes as a panic',
    ['panic: TypeError: no store', '    at a.js:1'],
    'TypeError: no store',
  ],
  ['only log lines below error', ['{"@level":"info","@message":"Error: none"}'], undefined],
];

for (const [name, lines, expected] of CASES)
  test(`the line that says why: ${name}`, () => {
    assert.equal(errorLine(lines), expected);
  });
