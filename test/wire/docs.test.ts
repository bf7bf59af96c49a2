import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeError } from '../../src/errors.js';
import { ENV, hostEnvironment } from '../../src/wire/handshake/environment.js';
import { formatHandshake, splitHandshake } from '../../src/wire/handshake/handshake-line.js';
import { parseHandshake } from '../../src/wire/handshake/parse-handshake.js';
import { formatLogLine } from '../../src/wire/logs/format-line.js';
import { LOG_LEVELS } from '../../src/wire/logs/logger.js';
import { createLogParser } from '../../src/wire/logs/parse-line.js';
import { readTable } from '../support/markdown-table.js';

test('docs/wire/start-and-end.md: the handshake line has the fields of the table', () => {
  const rows = readTable('wire/start-and-end.md', '#', 'Field');
  const line = formatHandshake({
    appVersion: 3,
    address: { network: 'unix', address: '/p' },
    protocol: 'grpc',
    multiplexing: true,
  });
  assert.deepEqual(
    rows.map(([number]) => Number(number)),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.equal(line.split('|').length, rows.length);
  assert.equal(Object.keys(splitHandshake('a|b|c|d|e|f|g|h')).length, rows.length);
});

test('docs/wire/start-and-end.md: every line of the failure table fails with its code', () => {
  const rows = readTable('wire/start-and-end.md', 'Line', 'Error code');
  for (const [line = '', code] of rows) {
    assert.throws(
      () => parseHandshake(line, { appVersions: [1, 3], allowedProtocols: ['netrpc', 'grpc'], multiplex: true }),
      (error) => error instanceof HandshakeError && error.code === code,
      line,
    );
  }
  assert.equal(new Set(rows.map(([, code]) => code)).size, 11);
});

test('docs/wire/start-and-end.md: the environment table names what a host sets', () => {
  const rows = readTable('wire/start-and-end.md', 'Variable', 'Set by our hosts');
  const named = rows.map(([name]) => name).filter((name) => name !== '_cookie key_');
  assert.deepEqual(new Set(named), new Set<unknown>(Object.values(ENV)));
  const always = rows.filter(([, when]) => when === 'always').map(([name]) => name);
  const env = hostEnvironment({ cookie: { key: '_cookie key_', value: 'v' }, protocolVersions: [1] });
  assert.deepEqual(new Set(always), new Set<unknown>(Object.keys(env)));
  for (const name of [ENV.minPort, ENV.maxPort]) {
    assert.match(rows.find(([variable]) => variable === name)?.[2] ?? '', new RegExp(`\`${env[name]}\` unless`));
  }
});

test('docs/wire/logs.md: a log line has the keys of the table', () => {
  const rows = readTable('wire/logs.md', 'Key', 'Type', 'Written by our plugins');
  const fields = { '@caller': 'a.ts:1', EXTRA_VALUE_AT_END: 1, big: 'x'.repeat(100_000) };
  const line = formatLogLine({ level: 'info', message: '', fields, module: 'm' }, { epochMs: 0 });
  const { big: _, ...written } = JSON.parse(line) as Record<string, unknown>;
  const named = rows.map(([key]) => key).filter((key) => key !== 'any other');
  assert.deepEqual(new Set(named), new Set<unknown>(Object.keys(written)));
  for (const [key = '', type] of rows.filter(([, type]) => type === 'string')) assert.equal(typeof written[key], type);
  assert.deepEqual((rows[0]?.[2] ?? '').match(/\w+/g), [...LOG_LEVELS]);
});

test('docs/wire/logs.md: every line of the level table has its level and kind', () => {
  const rows = readTable('wire/logs.md', 'Line', 'Level', 'Kind');
  for (const [text = '', level, kind] of rows) {
    const entry = createLogParser().parse({ text, part: 'whole' });
    assert.deepEqual([entry?.level, entry?.kind], [level, kind], text);
  }
  assert.ok(rows.length > 15);
});
