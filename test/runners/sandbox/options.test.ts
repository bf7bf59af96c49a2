import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SandboxOptions, sandboxRunner } from '../../../src/sandbox.js';

const WRONG: readonly (readonly [options: object, says: RegExp])[] = [
  [{}, /`command` option to be a non-empty list of strings/],
  [{ command: [] }, /`command`/],
  [{ command: 'node' }, /`command`/],
  [{ command: ['a', 1] }, /`command`/],
  [{ command: ['a'], writeable: [] }, /no option `writeable` of sandboxRunner\. Did you mean `writable`\?/],
  [{ command: ['a'], readOnly: '/etc' }, /`readOnly` option of sandboxRunner to be a list of paths, got "\/etc"/],
  [{ command: ['a'], writable: ['/'] }, /got \/: nothing would be left of the sandbox/],
  [{ command: ['a'], readOnly: ['/x/../proc'] }, /got \/proc: nothing would be left/],
  [{ command: ['a'], network: 'yes' }, /`network` option of sandboxRunner to be 'none' or 'host', got "yes"/],
  [{ command: ['a'], whenMissing: 'run' }, /to be 'refuse' or 'warn', got "run"/],
  [{ command: ['a'], memoryBytes: 512 }, /`memoryBytes` option .* at least 1048576, got 512 \(number\)/],
  [{ command: ['a'], tmpBytes: 1.5 }, /`tmpBytes` option .* a whole number of bytes/],
  [{ command: ['a'], cwd: 5 }, /`cwd` option .* to be a path, got 5 \(number\)/],
  [{ command: ['a'], killTimeoutMs: 'x' }, /`killTimeoutMs` to be a non-negative integer/],
  [{ command: ['a'], bwrap: '' }, /`bwrap` option .* the name or path of a program/],
  [{ command: ['a'], env: { A: 1 } }, /`env\.A` of sandboxRunner to be a string/],
];

test('wrong options are told when they are given', () => {
  for (const [options, message] of WRONG)
    assert.throws(() => sandboxRunner(options as SandboxOptions), { code: 'ERR_OPTIONS', message });
  assert.throws(() => sandboxRunner({ command: ['a'], secureConfig: { hash: 'sha256', checksum: '' } }), {
    code: 'ERR_CHECKSUM_MISSING',
  });
});
