import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, type RunnerFactory } from '../../src/index.js';
import { type RelayOptions, relayRunner } from '../../src/relay.js';
import { needsGo } from '../conformance/build-go.js';
import { OURS_TO_GO, OURS_TO_OURS, runBy, withAutoMtls } from '../conformance/pairings.js';
import { type Command, flagArguments, goPlugin, type PluginFlags } from '../conformance/peers.js';
import type { Ability, Pairing } from '../conformance/suite/pairing.js';
import { bundledFile } from '../support/bundled-file.js';
import { RELAY_FILE } from '../support/relay-file.js';
import { FAR_HOME, FAR_NODE, needsSshd, SshMachine } from '../support/ssh/machine.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };

/** A machine that ssh leads to, with the far end of a relay and both plugins copied to it, for all tests of a file. Constructed outside of any test. */
export class SshRig {
  readonly needed = needsSshd();
  /** For tests with the plugin in Go. */
  readonly needsGo = this.needed.skip === false ? needsGo() : this.needed;
  readonly relay = [FAR_NODE, `${FAR_HOME}/relay.mjs`] as const;
  readonly ourPlugin = [FAR_NODE, `${FAR_HOME}/plugin.mjs`] as const;
  readonly goPlugin = [`${FAR_HOME}/plugin`] as const;
  /** Here. */
  readonly directory = mkdtempSync(join(tmpdir(), 'h'));
  #machine: SshMachine | undefined;

  constructor() {
    before(async () => {
      // A dialog is no answer in a test.
      delete process.env['SSH_ASKPASS'];
      delete process.env['DISPLAY'];
      if (this.needed.skip === false) await this.#prepare();
    });
    after(async () => {
      await this.#machine?.[Symbol.asyncDispose]();
      rmSync(this.directory, { recursive: true });
    });
  }

  get machine(): SshMachine {
    return this.#machine!;
  }

  runner(command: RelayOptions['command'], options: Partial<RelayOptions> = {}): RunnerFactory {
    return relayRunner({ carrier: this.machine.carrier, relay: this.relay, command, ...options });
  }

  client(command: RelayOptions['command'], options: Partial<RelayOptions> = {}) {
    const client = createClient({ runner: this.runner(command, options), handshake, plugins, autoMtls: true });
    const logged: string[] = [];
    client.logs$.subscribe(({ message }) => void logged.push(message));
    return { client, logged };
  }

  /** Our host with the plugin over there under AutoMTLS, for the suites of conformance. */
  pairing(plugin: 'ours' | 'go'): Pairing {
    const [base, command] = plugin === 'go' ? [OURS_TO_GO, this.goPlugin] : [OURS_TO_OURS, this.ourPlugin];
    const options = plugin === 'go' ? this.needsGo : this.needed;
    const lacks: Ability[] = [...(base.lacks ?? []), 'known-pid'];
    const pluginCommand = async (flags: PluginFlags): Promise<Command> => [...command, ...flagArguments(flags)];
    const pairing = { ...base, options, lacks, pluginCommand };
    return withAutoMtls(runBy('over ssh, as another user without our files', (words) => this.runner(words), pairing));
  }

  async #prepare(): Promise<void> {
    this.#machine = await SshMachine.start();
    const copyBundle = async (script: string, name: string): Promise<void> => {
      const file = join(this.directory, name);
      await bundledFile(script, file);
      await this.machine.copy(file, name);
    };
    await copyBundle(RELAY_FILE, 'relay.mjs');
    await copyBundle(fileURLToPath(new URL('../conformance/plugin/kv-plugin.js', import.meta.url)), 'plugin.mjs');
    if (this.needsGo.skip === false) await this.machine.copy((await goPlugin())[0], 'plugin');
  }
}
