import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxOf } from '../../../src/sandbox.js';

test('a plugin gets what it needs and is granted', () => {
  const needs = {
    node: '>=22',
    network: true,
    read: ['/etc/ssl/certs', '$DATA/seed'],
    write: ['$DATA', '/srv/shared/kv/'],
    env: ['TOKEN'],
    memoryBytes: 1 << 20,
  };
  const grants = {
    network: true,
    folders: { DATA: '/var/lib/kv', OTHER: '/' },
    read: ['/etc/ssl'],
    write: ['/srv/shared/'],
    env: { TOKEN: 'x', OTHER: 'y' },
    memoryBytes: 2 << 20,
  };
  assert.deepEqual(sandboxOf({ name: 'kv', needs }, grants), {
    readOnly: ['/etc/ssl/certs', '/var/lib/kv/seed'],
    writable: ['/var/lib/kv', '/srv/shared/kv'],
    network: 'host',
    env: { TOKEN: 'x' },
    memoryBytes: 2 << 20,
  });
});

test('a plugin that needs nothing gets nothing, whatever is granted', () => {
  const nothing = { readOnly: [], writable: [], network: 'none', env: {} };
  assert.deepEqual(sandboxOf({ name: 'kv' }, { network: true, read: ['/'], env: { A: '1' } }), nothing);
  assert.deepEqual(sandboxOf({ name: 'kv', needs: { memoryBytes: 5 } }), { ...nothing, memoryBytes: 5 });
});

test('all that is not granted is told at once', () => {
  const needs = {
    network: true,
    read: ['/root/.ssh', '$HOME/x', 'relative', '$constructor'],
    write: ['/etc/ssl/x', '$DATA/../../etc', '/srv/../etc/passwd', '/srvx'],
    env: ['TOKEN', 'toString'],
    memoryBytes: 2 << 20,
  };
  const grants = { folders: { DATA: '/var/lib/kv' }, read: ['/etc/ssl'], write: ['/srv'], memoryBytes: 1 << 20 };
  assert.throws(
    () => sandboxOf({ name: 'kv', needs }, grants),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_OPTIONS');
      const refused = [
        'to read /root/.ssh',
        'to read $HOME/x',
        'to read relative',
        'to read $constructor',
        'to write /etc/ssl/x',
        'to write $DATA/../../etc',
        'to write /srv/../etc/passwd',
        'to write /srvx',
        'the environment variable TOKEN',
        'the environment variable toString',
        'the network',
        '2097152 bytes of memory, of which 1048576 are granted',
      ];
      assert.ok(error.message.includes(`not granted: ${refused.join('; ')}. `), error.message);
      return true;
    },
  );
});
