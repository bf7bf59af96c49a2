import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Line, LineDecoder } from '../../../src/wire/lines.js';
import type { LogEntry } from '../../../src/wire/logs/log-entry.js';
import { displayLogTimestamp } from '../../../src/wire/logs/log-timestamp.js';
import type { LogLevel } from '../../../src/wire/logs/logger.js';
import { createLogParser, type LogParserOptions } from '../../../src/wire/logs/parse-line.js';

/** Made by the real go-plugin host: see test/golden/stderr/main.go. */
interface Golden {
  readonly scenarios: readonly {
    readonly name: string;
    readonly stderr: string;
    readonly bufferSize?: number;
    readonly level: LogLevel;
    readonly entries: readonly Readonly<Record<string, unknown>>[];
    readonly raw: string;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/stderr/entries.json', import.meta.url), 'utf8'),
) as Golden;

function parse(texts: readonly string[], options?: LogParserOptions): LogEntry[] {
  const parser = createLogParser(options);
  return texts.flatMap((text) => parser.parse({ text, part: 'whole' }) ?? []);
}

function parseOne(text: string): LogEntry {
  const [entry] = parse([text]);
  assert.ok(entry);
  return entry;
}

const levels = (texts: readonly string[]): string[] => parse(texts).map((entry) => entry.level);

/** What a go-plugin host hands to its logger, in hclog's keys. */
function asGoLogs(entry: LogEntry): readonly unknown[] {
  const known = { '@level': entry.level, '@message': entry.message };
  if (entry.kind !== 'hclog') return sorted(known);
  const module = entry.module === '' ? {} : { '@module': entry.module };
  return sorted({ ...known, ...module, ...entry.fields, timestamp: displayLogTimestamp(entry.timestamp) });
}

/** A field can be called __proto__: compared as a list, it is seen. */
function sorted(object: object): readonly unknown[] {
  return Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** A line that is text to a Go host, because its time has no fraction; what we make of it. */
const NO_FRACTION = '{"@level":"info","@message":"m","@timestamp":"2026-01-02T03:04:05Z"}';
const READ_ANYWAY = { '@level': 'info', '@message': 'm', timestamp: '2026-01-02T03:04:05.000Z' };

for (const { name, stderr, bufferSize, level, entries, raw } of golden.scenarios) {
  test(`L-01..L-08 L-11 gives stderr the meaning that a go-plugin host gives it: ${name}`, () => {
    const decoder = new LineDecoder(bufferSize === undefined ? {} : { maxLineBytes: bufferSize });
    const lines: readonly Line[] = [...decoder.push(Buffer.from(stderr, 'base64')), ...decoder.end()];
    const parser = createLogParser({ level });
    const seen = lines.flatMap((line) => parser.parse(line) ?? []).map(asGoLogs);
    const expected = entries.map((entry) => (entry['@message'] === NO_FRACTION ? READ_ANYWAY : entry));
    assert.deepEqual(seen, expected.map(sorted));
    const copy = lines.map(({ text, part }) => `${text}${part === 'piece' ? '' : '\n'}`).join('');
    assert.equal(copy, Buffer.from(raw, 'base64').toString());
  });
}

test('L-01 takes an hclog line apart', () => {
  const raw =
    '{"@caller":"a.go:1","@level":"warn","@message":"slow","@module":"kv.store","@timestamp":"2026-01-02T03:04:05.157932Z","ms":17}';
  assert.deepEqual(parseOne(raw), {
    kind: 'hclog',
    level: 'warn',
    message: 'slow',
    fields: { '@caller': 'a.go:1', ms: 17 },
    module: 'kv.store',
    timestamp: '2026-01-02T03:04:05.157932Z',
    raw,
  });
});

test('L-10 wrong types in the keys of hclog crash nobody', () => {
  const level = '"@level":"warn"';
  assert.equal(parseOne(`{${level},"@message":12}`).message, '12');
  assert.equal(parseOne(`{${level},"@message":null}`).message, 'null');
  assert.equal(parseOne(`{${level},"@message":{"a":[]}}`).message, '{"a":[]}');
  assert.equal(parseOne(`{${level}}`).message, '');
  assert.deepEqual(parseOne(`{${level},"@module":5}`).fields, { '@module': 5 });
  for (const value of ['7', 'null', 'true', '{}', '["info"]']) {
    const entry = parseOne(`{"@level":${value},"@message":"m"}`);
    assert.deepEqual([entry.kind, entry.level, entry.message], ['json', 'debug', entry.raw]);
  }
  for (const value of ['7', 'null', '{}', '""']) {
    const entry = parseOne(`{${level},"@timestamp":${value}}`);
    assert.deepEqual([entry.kind, entry.level], ['text', 'debug']);
  }
});

test('a field named __proto__ is a field and changes no prototype', () => {
  const { fields } = parseOne('{"@level":"info","__proto__":{"polluted":1},"a":1}');
  assert.deepEqual(Object.keys(fields), ['__proto__', 'a']);
  assert.equal(Object.getPrototypeOf(fields), Object.prototype);
  assert.equal(fields['polluted'], undefined);
});

test('a deeply nested value does not overflow', () => {
  const depth = 30_000;
  const entry = parseOne(`{"@level":"info","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.equal(entry.kind, 'hclog');
});

test('leaves out entries below its level', () => {
  const texts = ['debug', 'trace', 'info', 'error'].map((level) => `{"@level":"${level}","@message":"m"}`);
  const other = ['{"@message":"m","@level":"debug"}', '[TRACE] t', 'text', '[WARN] w'];
  const seen = parse([...texts, ...other], { level: 'info' });
  assert.deepEqual(
    seen.map((entry) => entry.level),
    ['info', 'error', 'warn'],
  );
  assert.deepEqual(
    parse(['{"@level":"debug"', 'panic: x', '{"@level":"debug"', 'y'], { level: 'error' }).map((e) => e.raw),
    ['panic: x', '{"@level":"debug"', 'y'],
  );
});

const uncaught = `/srv/plugin.mjs:3
throw new TypeError('boom');
      ^

TypeError: boom
    at file:///srv/plugin.mjs:3:7
    at ModuleJob.run (node:internal/modules/esm/module_job:325:25) {
  code: 'X'
}

Node.js v20.20.2`;

const rejected = `node:internal/process/promises:394
      triggerUncaughtException(err, true /* fromPromise */);
      ^

[UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch block]`;

test("Node's uncaught exceptions arrive at error, whole", () => {
  for (const report of [
    uncaught,
    rejected,
    "Uncaught 'text'\nmore",
    'FATAL ERROR: Reached heap limit\n 1: 0xb8ce0c node::OOM',
  ]) {
    const lines = report.split('\n');
    assert.deepEqual(new Set(levels(lines)), new Set(['error']), report);
    assert.deepEqual(new Set(parse(lines).map((entry) => entry.kind)), new Set(['trace']));
    assert.deepEqual(levels([...lines, 'after', '[DEBUG] tagged', '{"@level":"info"}']).slice(-3), [
      'error',
      'debug',
      'info',
    ]);
  }
});

test('a printed error is an error as long as its stack goes on, and no longer', () => {
  const printed = [
    'RangeError [ERR_X]: no',
    '    at f (a.js:1:1)',
    '  [cause]: Error: why',
    '      at g (a.js:2:2)',
    '}',
  ];
  assert.deepEqual(levels(['before', ...printed, 'after']), ['debug', ...printed.map(() => 'error'), 'debug']);
  assert.deepEqual(levels(['Error', '    at f (a.js:1:1)', '{"@level":"info"}', '    at g (a.js:1:1)']), [
    'error',
    'error',
    'info',
    'debug',
  ]);
  assert.deepEqual(levels(['MyError: a', 'OtherException: b']), ['error', 'error']);
});

test('text that only resembles a crash stays at debug', () => {
  const texts = [
    '    at f (a.js:1:1)',
    'error: lower case',
    'An Error: in the middle',
    'Uncaughtable',
    '(node:12) Warning: deprecated',
    'node:internal/process is fine',
    'see src/a.ts:12 for more',
    'Errors: 0',
    '^',
  ];
  for (const text of texts) assert.deepEqual(levels([text]), ['debug'], text);
  assert.deepEqual(levels(['src/a.ts:12', 'no source line', 'no carets', 'after']).at(-1), 'debug');
});

test('property: any line has a meaning, and keeps its text', () => {
  const json = fc.dictionary(
    fc.constantFrom('@level', '@message', '@timestamp', '@module', 'a', '__proto__'),
    fc.jsonValue(),
  );
  const text = fc.oneof(
    fc.string(),
    json.map((value) => JSON.stringify(value)),
    fc.constantFrom('panic: ', 'Error: x', ' at', 'null', '{'),
  );
  const line: fc.Arbitrary<Line> = fc.record({ text, part: fc.constantFrom('whole', 'piece', 'last-piece') });
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const parser = createLogParser();
      for (const given of lines) {
        const entry = parser.parse(given);
        assert.equal(entry?.raw, given.text);
        assert.equal(typeof entry.message, 'string');
        assert.equal(typeof entry.module, 'string');
        assert.ok(['trace', 'debug', 'info', 'warn', 'error'].includes(entry.level));
      }
    }),
  );
});

test('property: a parser with a level gives what a parser without gives, less what is below', () => {
  const text = fc.constantFrom(
    '{"@level":"debug","@message":"m"}',
    '{"@level":"debug"',
    '{"@level":"trace"}x',
    '{"@level":"info"}x',
    '{"@level":"error"}',
    'text',
    'Error: x',
    '    at f',
    'panic: x',
    'a.js:1',
    '  ^',
    '[INFO] i',
  );
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 12 }),
      fc.constantFrom<LogLevel>('trace', 'debug', 'info', 'warn', 'error'),
      (texts, level) => {
        const order: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error'];
        const kept = parse(texts).filter((entry) => order.indexOf(entry.level) >= order.indexOf(level));
        assert.deepEqual(parse(texts, { level }), kept);
      },
    ),
  );
});
