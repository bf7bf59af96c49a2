import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLogLine } from '../../../src/wire/logs/format-line.js';
import type { LogEntry } from '../../../src/wire/logs/log-entry.js';
import { createLogParser } from '../../../src/wire/logs/parse-line.js';
import { parseUsualLogLine } from '../../../src/wire/logs/parse-usual-line.js';

const TIME = '2026-01-02T03:04:05.678900Z';
const HEAD = `{"@level":"info","@message":"stored","@module":"kv","@timestamp":"${TIME}"`;

/** What the line means by the long way: a space makes it unusual. */
function theLongWay(line: string): LogEntry | undefined {
  const unusual = line.replace('{', '{ ');
  assert.equal(parseUsualLogLine(unusual), undefined);
  const entry = createLogParser().parse({ text: unusual, part: 'whole' });
  return entry?.kind === 'hclog' ? { ...entry, raw: line } : undefined;
}

test('L-01 a line as hclog writes it has level, message, module, timestamp and fields', () => {
  const { fields, ...rest } = parseUsualLogLine(`${HEAD},"key":"k","bytes":100,"of":{"a":[null]}}`)!;
  assert.deepEqual(fields, { key: 'k', bytes: 100, of: { a: [null] } });
  const { raw, ...known } = rest;
  assert.deepEqual(known, { kind: 'hclog', level: 'info', message: 'stored', module: 'kv', timestamp: TIME });
  assert.match(raw, /^\{.*\}$/);
  assert.deepEqual(parseUsualLogLine(`${HEAD}}`)?.fields, {});
  assert.equal(parseUsualLogLine(`${HEAD.replace('"@module":"kv",', '')}}`)?.module, '');
});

for (const [what, line] of Object.entries({
  'another level': `${HEAD.replace('info', 'notice')}}`,
  'an escape in its message': `${HEAD.replace('stored', String.raw`\u0041`)}}`,
  'a raw control character in its message': `${HEAD.replace('stored', 'a\u0001')}}`,
  'a day that does not exist': `${HEAD.replace('01-02', '02-30')}}`,
  'a key of hclog’s among the fields': `${HEAD},"@message":"again"}`,
  'such a key in disguise': `${HEAD},"${String.raw`\u0040`}level":"warn"}`,
  'an empty place for fields': `${HEAD},}`,
  'a field without quotes': `${HEAD}, "a":1}`,
  'something behind it': `${HEAD},"a":1} {`,
  'something behind it without fields': `${HEAD}}}`,
  'no end': HEAD,
  'an end in the first key': `${HEAD},"`,
})) {
  test(`a line with ${what} goes the long way`, () => assert.equal(parseUsualLogLine(line), undefined));
}

test('what it means is what JSON.parse of all of it means, whatever the fields', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', '@level', '@module', 'a'));
  const tail = fc.oneof(
    fc.dictionary(key, fc.jsonValue()).map((fields) =>
      JSON.stringify(fields)
        .slice(1)
        .replace(/^(?=[^}])/, ','),
    ),
    fc.string(),
    fc.constantFrom(',"a":1,"a":2}', ',"a":}', ',"a"}', ',"', '', '} ', ',"":0}'),
  );
  fc.assert(
    fc.property(fc.string(), tail, (message, end) => {
      const line = HEAD.replace('"stored"', () => JSON.stringify(message)) + end;
      const entry = parseUsualLogLine(line);
      if (entry !== undefined) assert.deepEqual(entry, theLongWay(line));
    }),
    { numRuns: 10_000 },
  );
});

test('what our own logger writes is usual, unless something in it is escaped', () => {
  const record = { level: 'warn', message: 'full', module: 'disk', fields: { free: 0, path: '/var' } } as const;
  const line = formatLogLine(record, { epochMs: 1_767_323_045_678.9 }).trimEnd();
  assert.deepEqual(parseUsualLogLine(line)?.fields, record.fields);
});
