import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allInRange,
  checkRange,
  defaultRange,
  isRange,
  newestFirst,
  newestInRange,
} from '../../../packages/store/src/versions/ranges.js';

const VERSIONS = ['1.2.0', '1.10.0', '2.0.0-rc.1', '1.4.2', '2.0.0-rc.2', 'latest', 'v1.9.0', '0.9.0'];

test('versions are ordered as semver orders them; what is no version is left out', () => {
  assert.deepEqual(newestFirst(VERSIONS), ['2.0.0-rc.2', '2.0.0-rc.1', '1.10.0', '1.4.2', '1.2.0', '0.9.0']);
});

for (const [range, expected] of [
  ['^1.2', '1.10.0'],
  ['~1.4', '1.4.2'],
  ['*', '1.10.0'],
  ['>=1 <3', '1.10.0'],
  ['^2.0.0-rc.1', '2.0.0-rc.2'],
  ['2.0.0-rc.1', '2.0.0-rc.1'],
  ['0.x || 1.2.x', '1.2.0'],
] as const)
  test(`the newest in ${range} is ${expected}`, () => assert.equal(newestInRange(VERSIONS, range, 'kv'), expected));

test('a range without a version names the range and the newest that there are', () => {
  assert.throws(() => newestInRange(VERSIONS, '^2', 'acme/kv'), {
    code: 'ERR_RANGE',
    message:
      'No version of acme/kv is in the range "^2". The newest that it has: 2.0.0-rc.2, 2.0.0-rc.1, 1.10.0, 1.4.2, 1.2.0 and 1 more. ' +
      'Give a range that one of them is in.',
  });
  assert.throws(() => newestInRange([], '*', 'acme/kv'), { code: 'ERR_RANGE', message: /has no versions/ });
});

test('all versions of a range come newest first', () => {
  assert.deepEqual(allInRange(VERSIONS, '^1'), ['1.10.0', '1.4.2', '1.2.0']);
});

test('a version that was chosen without a range has the one that npm writes', () => {
  assert.equal(defaultRange('1.4.2'), '^1.4.2');
  assert.equal(defaultRange('2.0.0-rc.1'), '2.0.0-rc.1');
});

for (const bad of ['latest', `>=${'1'.repeat(300)}`, 1, undefined, ['^1']])
  test(`${JSON.stringify(bad)?.slice(0, 20)} is no range`, () => {
    assert.equal(isRange(bad), false);
    assert.throws(() => checkRange(bad), { code: 'ERR_OPTIONS', message: /range of versions as npm has them/ });
  });
