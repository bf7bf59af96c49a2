import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OptionsError } from '../../../src/errors.js';
import type { ProtocolName } from '../../../src/wire/handshake/handshake-line.js';
import {
  chooseVersion,
  formatProtocolVersions,
  hostVersionTable,
  parseProtocolVersions,
  pluginVersionTable,
} from '../../../src/wire/handshake/versions.js';

const netrpc = { protocolOf: (): ProtocolName => 'netrpc' };
const table = (...versions: number[]): Map<number, string> =>
  new Map(versions.map((version) => [version, `set ${version}`]));

test('H-03 the plain set of a host goes under the base version unless an explicit set is there', () => {
  assert.deepEqual([...hostVersionTable({ plugins: 'plain' })], [[0, 'plain']]);
  assert.deepEqual(
    [...hostVersionTable({ protocolVersion: 7, plugins: 'plain', versionedPlugins: { 2: 'two' } })],
    [
      [2, 'two'],
      [7, 'plain'],
    ],
  );
  const both = { protocolVersion: 2, plugins: 'plain', versionedPlugins: { 2: 'two' } };
  assert.equal(hostVersionTable(both).get(2), 'two');
  assert.equal(pluginVersionTable(both).get(2), 'plain');
  assert.equal(hostVersionTable({ protocolVersion: 4 }).size, 0);
  assert.equal(pluginVersionTable({ protocolVersion: 4 }).size, 0);
});

test('a version that is no integer is an OptionsError', () => {
  for (const version of [1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => hostVersionTable({ protocolVersion: version, plugins: 'p' }), OptionsError);
    assert.throws(() => pluginVersionTable({ versionedPlugins: { [version]: 'p' } }), OptionsError);
  }
});

test('writes every version once, ascending', () => {
  assert.equal(formatProtocolVersions([5, 10, -1, 5]), '-1,5,10');
  assert.equal(formatProtocolVersions([]), '');
});

test('P-09 skips items that are not integers and hands them out', () => {
  assert.deepEqual(parseProtocolVersions('3,x, 1,,+5,1.0'), { versions: [3, 5], invalid: ['x', ' 1', '', '1.0'] });
  assert.deepEqual(parseProtocolVersions(undefined), { versions: [], invalid: [] });
  assert.deepEqual(parseProtocolVersions(''), { versions: [], invalid: [] });
});

test('P-07 picks the highest common version, whatever the order', () => {
  for (const host of [
    [2, 3, 5],
    [5, 3, 2],
    [3, 5, 2, 3],
  ]) {
    assert.deepEqual(chooseVersion(table(1, 3, 2, 10), host, netrpc), {
      version: 3,
      plugins: 'set 3',
      protocol: 'netrpc',
      matched: true,
    });
  }
});

test('P-08 announces its lowest version without a common one', () => {
  for (const host of [[], [4, 6]]) {
    const chosen = chooseVersion(table(5, 10, 3), host, netrpc);
    assert.deepEqual([chosen.version, chosen.plugins, chosen.matched], [3, 'set 3', false]);
  }
});

test('announces the base version, with no plugins, when it has none', () => {
  assert.deepEqual(chooseVersion(new Map(), [1], { ...netrpc, baseVersion: 9 }), {
    version: 9,
    protocol: 'netrpc',
    matched: false,
  });
  assert.equal(chooseVersion(new Map(), [], netrpc).version, 0);
});

test('P-10 the protocol follows the chosen set; an empty set keeps the one passed over', () => {
  const sets = new Map<number, readonly ProtocolName[]>([
    [5, ['grpc']],
    [4, []],
    [3, ['netrpc']],
    [2, []],
  ]);
  const protocolOf = (set: readonly ProtocolName[]): ProtocolName | undefined => set[0];
  const protocols = [5, 4, 3, 2].map((version) => chooseVersion(sets, [version], { protocolOf }).protocol);
  assert.deepEqual(protocols, ['grpc', 'grpc', 'netrpc', 'netrpc']);
  assert.equal(chooseVersion(new Map([[1, [] as ProtocolName[]]]), [1], { protocolOf }).protocol, 'netrpc');
});

test('property: a written list is read back, and the choice is the greatest common version or the least own', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer(), { minLength: 1 }),
      fc.array(fc.integer()),
      fc.nat(3),
      (own, others, shared) => {
        const host = [...others, ...own.slice(0, shared)];
        const read = parseProtocolVersions(formatProtocolVersions(host)).versions;
        assert.deepEqual(new Set(read), new Set(host));
        const common = own.filter((version) => host.includes(version));
        const expected = common.length > 0 ? Math.max(...common) : Math.min(...own);
        assert.equal(chooseVersion(table(...own), read, netrpc).version, expected);
      },
    ),
  );
});
