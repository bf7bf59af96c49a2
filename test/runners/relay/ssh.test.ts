import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lastValueFrom } from 'rxjs';
import type { PluginError } from '../../../src/index.js';
import type { RelayOptions } from '../../../src/relay.js';
import { directions } from '../../conformance/suite/broker.js';
import { SshRig } from '../../contracts/ssh-rig.js';
import { within } from '../../support/defer.js';
import { firstLine } from '../../support/first-line.js';
import { awaitGone } from '../../support/process-alive.js';
import { parentOf, processesWith } from '../../support/processes-with.js';

const rig = new SshRig();
directions(rig.pairing('go'), 'B-08 T-08');

test('over ssh a plugin that is killed is told exactly', rig.needsGo, async () => {
  const { client } = rig.client(rig.goPlugin, { env: { MARK: 'killed' } });
  await client.start();
  process.kill(theOne('killed'), 'SIGKILL');
  assert.deepEqual(await within(20_000, 'the exit', lastValueFrom(client.exit$)), { code: null, signal: 'SIGKILL' });
  await lastValueFrom(client.state$);
});

/** The only process that has a variable in its environment. */
function theOne(mark: string, name = 'MARK'): number {
  const pids = processesWith(name, mark);
  assert.equal(pids.length, 1, `processes with ${name}=${mark}: ${pids.join(' ')}`);
  return pids[0]!;
}

test('over ssh nothing stays of a plugin in Go when its host is killed', rig.needsGo, async () => {
  const options: RelayOptions = {
    carrier: rig.machine.carrier,
    relay: rig.relay,
    command: rig.goPlugin,
    env: { MARK: 'host' },
  };
  const file = fileURLToPath(new URL('../../fixtures/hosts/relaying-host.js', import.meta.url));
  const host = spawn(process.execPath, [file, JSON.stringify(options)], {
    env: { ...process.env, TMPDIR: rig.directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.equal(await firstLine(host.stdout), 'started');
  const plugin = theOne('host');
  const farEnd = parentOf(plugin);
  host.kill('SIGKILL');
  await Promise.all([plugin, farEnd].map((pid) => awaitGone(pid, 30_000)));
});

for (const who of ['ssh', 'the far end']) {
  test(`over ssh nothing stays of a plugin in Go when ${who} is killed`, rig.needsGo, async () => {
    const carrier = ['env', `CARRIER=${who}`, ...rig.machine.carrier] as const;
    const { client, logged } = rig.client(rig.goPlugin, { carrier, env: { MARK: who } });
    await client.start();
    const plugin = theOne(who);
    const farEnd = parentOf(plugin);
    process.kill(who === 'ssh' ? theOne(who, 'CARRIER') : farEnd, 'SIGKILL');
    await within(20_000, 'the exit', lastValueFrom(client.exit$));
    await Promise.all([plugin, farEnd].map((pid) => awaitGone(pid, 30_000)));
    await lastValueFrom(client.state$);
    assert.ok(logged.some((message) => message.startsWith('The connection to the far end of the relay was lost')));
  });
}

test('over ssh nothing stays when the link is down, and the host is told', rig.needsGo, async () => {
  await using link = await Link.open(rig.machine.port);
  const carrier = rig.machine.carrierWith([`Port=${link.port}`, 'ServerAliveInterval=1', 'ServerAliveCountMax=2']);
  const { client, logged } = rig.client(rig.goPlugin, { carrier, env: { MARK: 'link' } });
  await client.start();
  const plugin = theOne('link');
  const farEnd = parentOf(plugin);
  link.swallow();
  const ends = [lastValueFrom(client.exit$), awaitGone(plugin, 120_000), awaitGone(farEnd, 120_000)];
  await within(20_000, 'the end of both ends', Promise.all(ends));
  await lastValueFrom(client.state$);
  assert.ok(logged.some((message) => message.includes('Timeout, server 127.0.0.1 not responding')));
});

/** A network between ssh and sshd. */
class Link implements AsyncDisposable {
  readonly #sockets: Socket[] = [];
  readonly #server = createServer((near) => {
    const far = connect(this.#to, '127.0.0.1');
    this.#sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
  });
  readonly #to: number;

  private constructor(to: number) {
    this.#to = to;
  }

  static async open(to: number): Promise<Link> {
    const link = new Link(to);
    await once(link.#server.listen(0, '127.0.0.1'), 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Passes nothing on any more, and tells nobody. */
  swallow(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const REFUSALS = [
  [
    'does not know the host key',
    ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=yes'],
    'Host key verification failed.',
  ],
  [
    'would ask about the host key',
    ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=ask'],
    'Host key verification failed.',
  ],
  ['finds a closed port', ['Port=1'], 'connect to host 127.0.0.1 port 1: Connection refused'],
  [
    'has a key that is not known over there',
    ['BatchMode=yes'],
    'far@127.0.0.1: Permission denied (publickey,password).',
  ],
  ['would ask for a password', [], 'far@127.0.0.1: Permission denied (publickey,password).'],
] as const;

for (const [what, options, words] of REFUSALS) {
  test(`ssh that ${what} fails the start with its words`, rig.needed, async () => {
    const host = words.includes('denied') ? 'stranger' : 'far';
    const { client, logged } = rig.client(rig.ourPlugin, { carrier: rig.machine.carrierWith(options, host) });
    await assert.rejects(client.start(), (error: PluginError) => {
      assert.equal(error.code, 'ERR_SPAWN');
      assert.ok(
        error.message.startsWith('The carrier ssh did not reach the far end of the relay: it ended with code 255.'),
      );
      assert.ok(error.message.includes(words), error.message);
      return true;
    });
    assert.ok(
      logged.some((message) => message.includes(words)),
      logged.join('\n'),
    );
  });
}
