import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { DEFAULT_CLIENT_OPTIONS } from '../../src/host/options.js';
import { DEFAULT_SERVE_OPTIONS } from '../../src/plugin/options.js';
import { resolveChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { RECONNECT_TIMEOUT_MS } from '../../src/protocols/grpc/client-protocol.js';
import { readTable } from '../support/markdown-table.js';
import { read } from './repository.js';

const page = read('docs/semantics.md');

/** The tests of each rule, `file: title`. They are not on the page, which is in the package: the tests are not. */
const testsOf = JSON.parse(read('test/docs/semantics-tests.json')) as Readonly<Record<string, readonly string[]>>;

interface Rule {
  readonly number: string;
  readonly text: string;
}

const rules: Rule[] = page.split(/\n\n/).flatMap((block) => {
  const match = block.match(/^\*\*(\d+\.\d+)\*\* /);
  return match === null ? [] : [{ number: match[1]!, text: block }];
});

test('docs/semantics.md numbers its rules in order', () => {
  const sections = page.split(/^## (?=\d)/m).slice(1);
  const expected = sections.flatMap((section, index) => {
    assert.ok(section.startsWith(`${index + 1}. `), section.slice(0, 20));
    const count = [...section.matchAll(/^\*\*\d+\.\d+\*\* /gm)].length;
    return Array.from({ length: count }, (_, at) => `${index + 1}.${at + 1}`);
  });
  assert.ok(expected.length > 50);
  assert.deepEqual(
    rules.map(({ number }) => number),
    expected,
  );
});

for (const { number, text } of rules) {
  test(`docs/semantics.md, ${number}: has a MUST or a SHOULD, and its tests exist`, () => {
    assert.match(text, /\b(MUST|SHOULD)\b/);
    const named = testsOf[number] ?? [];
    assert.notEqual(named.length, 0, 'a rule needs a test');
    for (const test of named) {
      const [file = '', ...title] = test.split(': ');
      assert.ok(hasTest(file, title.join(': ')), `there is no ${test}`);
    }
  });
}

test('tests are named of rules that the page has', () => {
  assert.deepEqual(
    Object.keys(testsOf),
    rules.map(({ number }) => number),
  );
});

test('a test that does not exist is not found', () => {
  assert.equal(hasTest('test/host/idle.test.ts', 'an idle plugin'), false);
  assert.equal(hasTest('test/host/plugin-life.test.ts', 'life: nothing of the kind'), false);
  assert.equal(hasTest('test/host/plugin-life.test.ts', 'life: a stop before any start'), true);
});

/** Whether a file has a test of that name. The name may be a template in the file, whose values are found in the same file. */
function hasTest(file: string, title: string): boolean {
  const source = read(file);
  const names = [
    ...source.matchAll(
      /\b(?:test|it|scenario|hosted|brokered|on|each|both|onImpatient)\(\s*(?:pairing,\s*)?(['"`])((?:\\.|(?!\1).)*)\1/gs,
    ),
  ];
  return names.some(([, , name]) => {
    if (name === title || (name!.includes('${') && name!.endsWith(title))) return true;
    const [prefix = '', ...rest] = name!.split(/\$\{[^}]*\}/);
    const filled = title.slice(prefix.length, title.length - (rest.at(-1)?.length ?? 0));
    return rest.length === 1 && `${prefix}${filled}${rest[0]}` === title && source.includes(`'${filled}'`);
  });
}

test('docs/semantics.md has the defaults of the library', () => {
  const channel = resolveChannelOptions({ dialer: { dial: () => Promise.reject(new Error('never dialed')) } });
  const defaults: Readonly<Record<string, unknown>> = {
    ...DEFAULT_CLIENT_OPTIONS,
    ...DEFAULT_SERVE_OPTIONS,
    connectTimeoutMs: channel.connectTimeoutMs,
    reconnectTimeoutMs: RECONNECT_TIMEOUT_MS,
    'backoff.initialMs': channel.backoff.initialMs,
    'backoff.maxMs': channel.backoff.maxMs,
  };
  const rows = readTable('semantics.md', 'Option', 'Where');
  for (const [option = '', , value] of rows) assert.equal(Number(value), defaults[option], option);
  const timers = Object.keys(defaults).filter((name) => name.endsWith('Ms'));
  assert.deepEqual(new Set(rows.map(([option]) => option)), new Set(timers));
});

test('a client does not change its options, and ignores later changes of them', async () => {
  const plugin = fileURLToPath(new URL('../../examples/basic/plugin.js', import.meta.url));
  const command: [string, string] = [process.execPath, plugin];
  const options = Object.freeze({
    command,
    handshake: Object.freeze(handshake),
    plugins: Object.freeze(plugins),
    env: Object.freeze({ A: '1' }),
  });
  await using client = createClient(options);
  command[0] = '/nonexistent/node';
  await client.start();
});
