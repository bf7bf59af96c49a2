/** What real plugins get. Every item that is not met has its reason here; a plugin that gets better or worse fails its test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CheckOptions } from 'rxplug/testing';
import { handshake as greeter } from '../../examples/basic/contract.js';
import { handshake as merger } from '../../examples/bidirectional/contract.js';
import { handshake as netRpc } from '../../examples/netrpc/contract.js';
import { REPOSITORY } from '../conformance/build-go.js';
import { goPlugin, needsGo, type OldGoPlugin, type PluginFlags } from '../conformance/peers.js';
import { setUpPython } from '../support/python.js';
import { resultsOf, those } from './mutants.js';

type Skip = { readonly skip: string | false };

interface Recorded {
  readonly plugin: string;
  readonly options: Skip;
  readonly check: () => Promise<CheckOptions>;
  /** What is not met, and does not apply: a part of what is told of it. */
  readonly missed: Readonly<Record<string, string>>;
}

const directory = mkdtempSync(join(tmpdir(), 'go-'));
after(() => rmSync(directory, { recursive: true }));
const python = await setUpPython();
const CONFORMANCE = { magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };

const example = (name: string): [string, string] => [
  process.execPath,
  fileURLToPath(new URL(`../../examples/${name}/plugin.js`, import.meta.url)),
];

function go(flags: PluginFlags, version?: OldGoPlugin): () => Promise<CheckOptions> {
  return async () => ({
    command: (await goPlugin(flags, version)) as [string, ...string[]],
    handshake: CONFORMANCE,
    // Before 1.5 sockets are in the temporary directory, and stay there when the plugin is killed.
    env: { TMPDIR: directory },
  });
}

/** SIGTERM kills a program in Go that does not handle it, and go-plugin watches no host. */
const GO = { 'E-05': 'it ends by SIGTERM', 'E-07': 'it still runs' } as const;
/** A limit of grpc-go's server, which go-plugin leaves as it is. */
const GRPC_GO = { ...GO, 'G-07': 'RESOURCE_EXHAUSTED' } as const;
/** net/rpc's server of go-plugin logs by Go's `log` when the host leaves. */
const GO_NET_RPC = { ...GO, 'O-02': '2 of 3 lines' } as const;
/** PLUGIN_UNIX_SOCKET_DIR came with 1.5, multiplexing with 1.6. */
const OLD_SOCKETS = { 'S-08': 'in "' } as const;
const NO_CALL = { 'B-01': 'no call was given' } as const;

const RECORDED: readonly Recorded[] = [
  {
    plugin: 'examples/basic',
    options: { skip: false },
    check: async () => ({ command: example('basic'), handshake: greeter }),
    // No descriptors are given to `serve`; the health service takes small requests alone, others take what a Go host sends.
    missed: { ...NO_CALL, 'G-03': 'no description of greeter.v1.Greeter', 'G-07': 'RESOURCE_EXHAUSTED' },
  },
  {
    plugin: 'examples/netrpc',
    options: { skip: false },
    check: async () => ({ command: example('netrpc'), handshake: netRpc }),
    missed: {},
  },
  { plugin: 'go-plugin', options: needsGo(), check: go({}), missed: { ...GRPC_GO, ...NO_CALL } },
  {
    plugin: 'go-plugin 1.4.10',
    options: needsGo(),
    check: go({}, '1.4.10'),
    missed: { ...GRPC_GO, ...OLD_SOCKETS, ...NO_CALL, 'M-01': 'not offered' },
  },
  { plugin: 'go-plugin, net/rpc', options: needsGo(), check: go({ protocol: 'netrpc' }), missed: GO_NET_RPC },
  {
    plugin: 'go-plugin 1.4.10, net/rpc',
    options: needsGo(),
    check: go({ protocol: 'netrpc' }, '1.4.10'),
    missed: { ...GO_NET_RPC, ...OLD_SOCKETS },
  },
  {
    plugin: 'examples/python',
    options: { skip: python.skip },
    check: async () => ({
      command: ['python3', `${REPOSITORY}examples/python/plugin.py`],
      handshake: merger,
      env: python.env,
    }),
    // grpclib has no reflection that is up to date; nothing is logged before the first call.
    missed: { ...NO_CALL, 'G-03': 'no reflection', 'O-02': 'nothing to stderr', 'M-01': 'not offered' },
  },
];

for (const { plugin, options, check, missed } of RECORDED) {
  test(`${plugin}: every item that it does not meet has a reason`, options, async () => {
    const found = those(await resultsOf(await check()), 'fail', 'warn', 'skip');
    assert.deepEqual(Object.keys(found).toSorted(), Object.keys(missed).toSorted(), JSON.stringify(found));
    for (const [id, text] of Object.entries(missed)) assert.ok(found[id]?.includes(text), `${id}: ${found[id]}`);
  });
}
