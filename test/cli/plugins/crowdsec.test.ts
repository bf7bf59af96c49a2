/** The notification plugins of crowdsec, as Debian packages them: without module information, and without reflection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { REPOSITORY } from '../../conformance/build-go.js';
import { debianFiles } from '../../support/debian.js';
import { runCli } from '../run-cli.js';

const files = await debianFiles('crowdsec');
const skip = files === undefined ? 'crowdsec could not be downloaded from Debian.' : false;
const folder = join(files ?? '', 'usr/lib/crowdsec/plugins');

test('discover finds all of them by their folder', { skip }, async () => {
  const { stdout, stderr } = await runCli(['discover', folder, '--json']);
  const found: { path: string; kind: string; profile: string }[] = JSON.parse(stdout || '[]');
  const names = found.map(({ path }) => path.slice(folder.length + 1)).sort();
  assert.deepEqual(names, ['dummy', 'email', 'http', 'slack', 'splunk'], stderr);
  assert.ok(found.every(({ kind, profile }) => kind === 'go' && profile === 'crowdsec'));
});

test('inspect says that they do not describe themselves, and shows what .proto source says', { skip }, async () => {
  const program = join(folder, 'http');
  const { code, stdout, stderr } = await runCli(['inspect', program]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^services +not told: the plugin has no reflection$/m);
  const source = join(REPOSITORY, 'test/cli/plugins/notifier.proto');
  const described = await runCli(['inspect', program, 'Notifier', '--descriptors', source]);
  assert.match(described.stdout, /^ +rpc Notify\(Notification\) returns \(Empty\)$/m);
});

test('a script configures a plugin and lets it notify', { skip }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const received = new Promise<string>((resolve, reject) => {
    server.once('request', (request, response) => {
      text(request).then(resolve, reject);
      response.end();
    });
  });
  const { port } = server.address() as AddressInfo;
  const config = `name: rxplug\nlog_level: info\nurl: http://127.0.0.1:${port}/\nmethod: POST\n`;
  const script = [
    { method: 'Configure', request: { config: Buffer.from(config).toString('base64') } },
    { method: 'Notify', request: { text: 'seen', name: 'rxplug' } },
  ];
  const source = join(REPOSITORY, 'test/cli/plugins/notifier.proto');
  const args = ['call', '--descriptors', source, '--script', '-', join(folder, 'http')];
  const { code, stdout, stderr } = await runCli(args, { stdin: script.map((one) => JSON.stringify(one)).join('\n') });
  assert.deepEqual([code, stdout], [0, '{}\n{}\n'], stderr);
  assert.equal(await received, 'seen');
});
