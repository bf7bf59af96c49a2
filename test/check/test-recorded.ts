/** What real plugins get. Every item that is not met has its reason; a plugin that gets better or worse fails its test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { CheckOptions } from 'rxplug/testing';
import { goPlugin, type OldGoPlugin, type PluginFlags } from '../conformance/peers.js';
import { resultsOf, those } from './mutants.js';

export interface Recorded {
  readonly plugin: string;
  readonly options: { readonly skip: string | false };
  readonly check: () => Promise<CheckOptions>;
  /** What is not met, and does not apply: a part of what is told of it. */
  readonly missed: Readonly<Record<string, string>>;
}

const directory = mkdtempSync(join(tmpdir(), 'go-'));
after(() => rmSync(directory, { recursive: true }));

export function go(flags: PluginFlags, version?: OldGoPlugin): () => Promise<CheckOptions> {
  return async () => ({
    command: (await goPlugin(flags, version)) as [string, ...string[]],
    handshake: { magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' },
    // Before 1.5 sockets are in the temporary directory, and stay there when the plugin is killed.
    env: { TMPDIR: directory },
  });
}

/** SIGTERM kills a program in Go that does not handle it, and go-plugin watches no host. */
const GO = { 'E-05': 'it ends by SIGTERM', 'E-07': 'it still runs' } as const;
/** A limit of grpc-go's server, which go-plugin leaves as it is. */
export const GRPC_GO = { ...GO, 'G-07': 'RESOURCE_EXHAUSTED' } as const;
/** net/rpc's server of go-plugin logs by Go's `log` when the host leaves. */
export const GO_NET_RPC = { ...GO, 'O-02': '2 of 3 lines' } as const;
export const NO_CALL = { 'B-01': 'no call was given' } as const;

export function testRecorded(plugins: readonly Recorded[]): void {
  for (const { plugin, options, check, missed } of plugins) {
    test(`${plugin}: every item that it does not meet has a reason`, options, async () => {
      const found = those(await resultsOf(await check()), 'fail', 'warn', 'skip');
      assert.deepEqual(Object.keys(found).toSorted(), Object.keys(missed).toSorted(), JSON.stringify(found));
      for (const [id, text] of Object.entries(missed)) assert.ok(found[id]?.includes(text), `${id}: ${found[id]}`);
    });
  }
}
