import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLogLine } from '../../../src/wire/logs/format-line.js';
import { displayLogTimestamp, formatLogTimestamp, isLogTimestamp } from '../../../src/wire/logs/log-timestamp.js';
import { createLogger, LOG_LEVELS, type LogFields, type LogRecord, toFields } from '../../../src/wire/logs/logger.js';
import { createLogParser } from '../../../src/wire/logs/parse-line.js';

/** Made by the real go-hclog: see test/golden/hclog/main.go. */
interface Golden {
  readonly lines: readonly { readonly name: string; readonly line: string }[];
  readonly timestamps: readonly { readonly text: string; readonly valid: boolean; readonly display?: string }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/hclog/lines.json', import.meta.url), 'utf8'),
) as Golden;

const epochMs = Date.UTC(2026, 0, 2, 3, 4, 5, 157) + 0.932;
const record = (given: Partial<LogRecord> = {}): LogRecord => ({
  level: 'info',
  message: 'm',
  fields: {},
  module: '',
  ...given,
});
const format = (given: Partial<LogRecord>): string => formatLogLine(record(given), { epochMs });
const read = (given: Partial<LogRecord>): Record<string, unknown> => {
  const line = format(given);
  assert.ok(Buffer.byteLength(line) <= 65_536 && line.indexOf('\n') === line.length - 1);
  return JSON.parse(line) as Record<string, unknown>;
};

/** What the golden lines were made from, where we can say the same. */
const SAME: Readonly<Record<string, Partial<LogRecord>>> = {
  trace: { level: 'trace', message: 't' },
  'debug with fields': {
    level: 'debug',
    message: 'plugin address',
    fields: { network: 'unix', address: '/path/plugin123' },
  },
  info: { message: '' },
  warn: { level: 'warn', message: 'w', fields: { Upper: 1, lower: 2, 0: 3 } },
  error: { level: 'error', message: 'failed', fields: { error: new Error('no such file') } },
  module: { module: 'kv.store' },
  'implied fields': { fields: { request: 7, b: true } },
  text: { message: 'tab\t quote" line\nbreak ü 😀 \u0001' },
  'extra value': { fields: { ...toFields('alone'), a: 1 } },
};

test('L-13 writes byte for byte what go-hclog writes', () => {
  for (const [name, given] of Object.entries(SAME)) {
    assert.equal(format(given), `${golden.lines.find((line) => line.name === name)?.line}\n`, name);
  }
});

test('L-01 reads every line of go-hclog, and what is read is written again with the same meaning', () => {
  for (const { name, line } of golden.lines) {
    const entry = createLogParser().parse({ text: line, part: 'whole' });
    assert.ok(entry);
    if (name === 'out of range level') assert.equal(entry.kind, 'json');
    else if (name === 'own keys') assert.equal(entry.kind, 'text');
    else assert.equal(entry.kind, 'hclog', name);
    if (entry.kind !== 'hclog' || name === 'not serializable') continue;
    const { '@timestamp': _, ...expected } = JSON.parse(line) as Record<string, unknown>;
    const { '@timestamp': timestamp, ...again } = JSON.parse(formatLogLine(entry, { epochMs })) as Record<
      string,
      unknown
    >;
    assert.deepEqual(again, expected, name);
    assert.equal(timestamp, '2026-01-02T03:04:05.157932Z');
  }
});

/** Times that Go refuses: with another number of fraction digits than hclog's six, or without an offset or its colon. */
const ADDITIONS = [
  '2026-01-02T03:04:05Z',
  '2026-01-02T03:04:05.157Z',
  '2026-01-02T03:04:05.1579320Z',
  '2026-01-02T03:04:05.157932',
  '2026-01-02T03:04:05.157932+0530',
];

test('L-11 takes the timestamps that Go takes, and those of other languages', () => {
  for (const { text, valid } of golden.timestamps.filter(({ text }) => text !== '')) {
    assert.equal(isLogTimestamp(text), valid || ADDITIONS.includes(text), text);
  }
  for (const text of [
    '2026-01-02T03:04:05.157932123Z',
    '2026-01-02T03:04:05.1+01:00',
    '2026-01-02T03:04:05.1+0100',
    '2026-01-02T03:04:05',
  ]) {
    assert.ok(isLogTimestamp(text), text);
    const line = `{"@level":"warn","@message":"m","@timestamp":"${text}","a":1}`;
    const entry = createLogParser().parse({ text: line, part: 'whole' });
    assert.deepEqual([entry?.kind, entry?.level, entry?.timestamp, entry?.fields], ['hclog', 'warn', text, { a: 1 }]);
  }
});

test('timestamps are shown with milliseconds, whatever their fraction and offset', () => {
  for (const [text, shown] of [
    ['2026-01-02T03:04:05.157932123Z', '2026-01-02T03:04:05.157Z'],
    ['2026-01-02T03:04:05.1+01:00', '2026-01-02T03:04:05.100+0100'],
    ['2026-01-02T03:04:05.1-0230', '2026-01-02T03:04:05.100-0230'],
    ['2026-01-02T03:04:05', '2026-01-02T03:04:05.000'],
  ] as const)
    assert.equal(displayLogTimestamp(text), shown);
});

test('takes neither a comma nor a one-digit hour, which Go would', () => {
  assert.ok(!isLogTimestamp('2026-01-02T03:04:05,157932Z'));
  assert.ok(!isLogTimestamp('2026-01-02T3:04:05.157932Z'));
});

test('L-02 shows timestamps with milliseconds in their own offset, and the zero time for none', () => {
  for (const { text, valid, display } of golden.timestamps) {
    if (valid) assert.equal(displayLogTimestamp(text), display);
  }
  assert.equal(displayLogTimestamp(undefined), golden.timestamps.at(-1)?.display);
});

test('property: a written timestamp is one, to the microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.nat(999), (ms, microseconds) => {
      const text = formatLogTimestamp(ms + microseconds / 1000);
      assert.ok(isLogTimestamp(text), text);
      assert.equal(Date.parse(text), ms);
      assert.equal(Number(text.slice(23, 26)), microseconds);
    }),
  );
});

test('values that JSON would drop or garble become texts', () => {
  const fields = {
    big: 2n ** 70n,
    nan: Number.NaN,
    infinite: Number.NEGATIVE_INFINITY,
    symbol: Symbol('s'),
    missing: undefined,
    call: function call() {},
    date: new Date(0),
    bytes: Uint8Array.of(1, 2, 255),
    nested: { error: new TypeError('inner'), buffer: Buffer.from([1]), list: [1n, undefined] },
  };
  const { '@level': _l, '@message': _m, '@timestamp': _t, ...written } = read({ fields });
  assert.deepEqual(written, {
    big: '1180591620717411303424',
    nan: 'NaN',
    infinite: '-Infinity',
    symbol: 'Symbol(s)',
    missing: null,
    call: '[function call]',
    date: '1970-01-01T00:00:00.000Z',
    bytes: 'AQL/',
    nested: { error: 'inner', buffer: 'AQ', list: ['1', null] },
  });
});

test('values that cannot be serialised are left out with a warning, the others stay', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  const bad: readonly LogFields[] = [
    { cycle },
    { deep },
    { json: { toJSON: () => assert.fail() } },
    { nothing: { toJSON: () => undefined } },
    Object.defineProperty({}, 'getter', { enumerable: true, get: () => assert.fail() }),
  ];
  for (const fields of bad) {
    const written = read({ fields: Object.defineProperties({ good: 1 }, Object.getOwnPropertyDescriptors(fields)) });
    assert.equal(written['@warn'], "logging contained values that don't serialize to json");
    assert.equal(written['good'], 1);
    assert.equal(written['@message'], 'm');
  }
});

test('a field cannot take the place of a key of hclog', () => {
  const written = read({
    fields: { '@level': 5, '@message': {}, '@timestamp': null, '@module': 1, '@caller': 'a.ts:1' },
  });
  assert.deepEqual(
    [written['@level'], written['@message'], written['@level_'], written['@module_']],
    ['info', 'm', 5, 1],
  );
  assert.equal(written['@caller'], 'a.ts:1');
  assert.equal('@module' in written, false);
});

test('a record that breaks its types is written all the same, with texts where texts belong', () => {
  const broken = { level: 7, message: new Error('e'), fields: 'x', module: { toString: () => assert.fail() } };
  const written = read(broken as unknown as LogRecord); // what a caller without types can pass
  assert.deepEqual([written['@level'], written['@message'], written['@module']], ['7', 'e', undefined]);
  assert.equal(written['EXTRA_VALUE_AT_END'], 'x');
});

test('a value given to a logger without a key gets the key of hclog', () => {
  const seen: LogRecord[] = [];
  const log = createLogger({ write: (one) => seen.push(one) });
  const cause = new Error('no keys');
  for (const value of [cause, 5, ['a']]) log.info('m', value as unknown as LogFields); // as a caller without types can
  log.info('m', { a: 1 });
  assert.deepEqual(
    seen.map(({ fields }) => fields),
    [{ EXTRA_VALUE_AT_END: cause }, { EXTRA_VALUE_AT_END: 5 }, { EXTRA_VALUE_AT_END: ['a'] }, { a: 1 }],
  );
});

test('a logger never throws, whatever its fields do', () => {
  const seen: LogRecord[] = [];
  const log = createLogger({ write: (one) => seen.push(one) });
  const throwing = {
    a: 1,
    get b(): never {
      throw new Error('no b');
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  log.info('m', throwing);
  log.with(throwing).info('m', { c: 3 });
  log.with(revoked.proxy).info('m');
  log.info('m', {
    get nasty(): never {
      throw Object.defineProperty(new Error('e'), 'message', { get: () => assert.fail() });
    },
  });
  assert.deepEqual(
    seen.slice(0, 2).map(({ fields }) => fields),
    [
      { a: 1, b: '[unreadable: no b]' },
      { a: 1, b: '[unreadable: no b]', c: 3 },
    ],
  );
  for (const record of seen) assert.match(formatLogLine(record, { epochMs }), /"@message":"m"/);
  for (const fields of [throwing, revoked.proxy])
    assert.match(formatLogLine({ level: 'info', message: 'm', fields, module: '' }, { epochMs }), /"@message":"m"/);
});

test('a line never exceeds 64 KiB, LF included, and says that it was shortened', () => {
  const huge = 1_000_000;
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key ${index}`, 'v'.repeat(50)]));
  const records: readonly Partial<LogRecord>[] = [
    { message: 'm'.repeat(huge) },
    { message: '\u0001'.repeat(huge) },
    { message: '😀'.repeat(huge) },
    { fields: { a: 'x'.repeat(huge), b: 1 } },
    { fields: { a: Array.from({ length: huge }, () => 1) } },
    { fields: { [`k${'k'.repeat(huge)}`]: 1 } },
    { fields: { bytes: new Uint8Array(huge) } },
    { fields: many },
    { module: 'm'.repeat(huge) },
    { message: 'm'.repeat(65_000), fields: { a: 'x'.repeat(65_000) } },
  ];
  for (const given of records) {
    const written = read(given);
    assert.equal(written['@level'], 'info');
    assert.equal(written['@warn'], 'values were shortened: the line would have been too long');
  }
  assert.equal(read({ fields: { a: 'x'.repeat(60_000) } })['@warn'], undefined);
});

test('property: any record is one line of JSON that a parser reads back', () => {
  const given = fc.record({
    level: fc.constantFrom(...LOG_LEVELS),
    message: fc.string({ unit: 'binary', maxLength: 50 }),
    fields: fc.dictionary(fc.string({ maxLength: 10 }), fc.anything()),
    module: fc.string({ maxLength: 10 }),
  });
  fc.assert(
    fc.property(given, (one) => {
      const line = formatLogLine(one, { epochMs });
      assert.equal(line.indexOf('\n'), line.length - 1);
      const entry = createLogParser().parse({ text: line.slice(0, -1), part: 'whole' });
      assert.deepEqual([entry?.kind, entry?.level, entry?.module], ['hclog', one.level, one.module]);
      assert.equal(entry?.message, one.message);
    }),
  );
});
