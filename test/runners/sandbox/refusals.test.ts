import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { handshake, plugins } from '../../../examples/grpc-kv/contract.js';
import { createClient } from '../../../src/index.js';
import { explainRefusal } from '../../../src/runners/sandbox/explain.js';
import { sandboxRunner } from '../../../src/sandbox.js';

let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 're-'));
});
after(() => rmSync(directory, { recursive: true }));

/** What bwrap of Ubuntu prints where AppArmor takes the rights in a new user namespace away, without its network and with it. */
const BY_APPARMOR = [
  'bwrap: setting up uid map: Permission denied',
  'bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted',
];

for (const [file, value, cure] of [
  ['kernel/apparmor_restrict_unprivileged_userns', '1', /AppArmor forbids user namespaces .*bwrap-userns-restrict/],
  ['kernel/unprivileged_userns_clone', '0', /sysctl kernel\.unprivileged_userns_clone=1/],
  ['user/max_user_namespaces', '0', /sysctl user\.max_user_namespaces=/],
  ['kernel/apparmor_restrict_unprivileged_userns', '0', /This is usual in a container/],
] as const)
  test(`the cure is that of the setting: ${file} is ${value}`, async () => {
    const settings = mkdtempSync(join(directory, 'sys'));
    mkdirSync(dirname(join(settings, file)));
    writeFileSync(join(settings, file), `${value}\n`);
    for (const said of BY_APPARMOR) {
      const explained = await explainRefusal(said, settings);
      assert.ok(explained.startsWith(`bwrap reports "${said}". `), explained);
      assert.match(explained, cure);
    }
  });

test('a bwrap that refuses, or says nothing, is told in its words', {
  skip: process.platform === 'linux' ? false : 'there is no bwrap',
}, async () => {
  for (const [script, words] of [
    [`echo '${BY_APPARMOR[0]}' >&2; exit 1`, /bwrap reports "bwrap: setting up uid map: Permission denied"\. /],
    ['exit 7', /bwrap reports "nothing, and ended with code 7"\./],
  ] as const) {
    const bwrap = join(directory, 'bwrap');
    writeFileSync(bwrap, `#!/bin/sh\n[ "$1" != --help ] || { echo usage; exit; }\n${script}\n`);
    chmodSync(bwrap, 0o755);
    const client = createClient({ runner: sandboxRunner({ command: ['/bin/sh'], bwrap }), handshake, plugins });
    await assert.rejects(client.start(), { code: 'ERR_SANDBOX', message: words });
  }
});
