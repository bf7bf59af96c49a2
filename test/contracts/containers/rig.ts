import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { type ContainerOptions, containerRunner } from '../../../src/container.js';
import { createClient, grpcPlugin, type PluginClient } from '../../../src/index.js';
import { needsGo } from '../../conformance/build-go.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { goPlugin } from '../../conformance/peers.js';
import type { TestEngine } from '../../support/containers/engine.js';
import { IN_IMAGE, importImage } from '../../support/containers/image.js';
import { ownTempDir } from '../../support/own-temp-dir.js';

export const IMAGE = 'plugins:latest';

/** What anything may take on a machine that does much else. */
export const LIMIT_MS = 30_000;

export const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
export const plugins = { kv: grpcPlugin(KVDefinition), probe: grpcPlugin(ProbeDefinition) };

export type Kind = 'ours' | 'Go';
type Command = readonly [file: string, ...args: string[]];
type Skippable = { readonly skip: string | false };

interface ClientChanges {
  readonly autoMtls?: boolean;
  readonly stopGraceMs?: number;
}

/** An engine with an image of our plugin and the Go one, for all tests of a file. Constructed outside of any test. */
export class ContainerRig {
  readonly needed: Skippable;
  readonly #commands = new Map<Kind, Command>([['ours', [process.execPath, IN_IMAGE.bundle]]]);
  readonly #engine: TestEngine | undefined;
  /** Other files' plugins have their directories elsewhere. */
  readonly #assertTempDirEmpty = ownTempDir();

  /** With a text instead of an engine, the tests are skipped and say it. */
  constructor(engine: TestEngine | string) {
    this.needed = { skip: typeof engine === 'string' ? engine : false };
    this.#engine = typeof engine === 'string' ? undefined : engine;
    before(async () => {
      if (this.#engine !== undefined) await this.#prepare(this.#engine);
    });
    after(async () => await this.#engine?.[Symbol.asyncDispose]());
  }

  get engine(): TestEngine {
    return this.#engine!;
  }

  /** The options of a test of one kind of plugin. */
  needs(kind: Kind): Skippable {
    return kind === 'Go' && this.needed.skip === false ? needsGo() : this.needed;
  }

  /** The command line of a plugin in the image. */
  command(kind: Kind, ...flags: string[]): Command {
    return [...this.#commands.get(kind)!, ...flags];
  }

  client(options: Partial<ContainerOptions> = {}, changes: ClientChanges = {}): PluginClient<typeof plugins> {
    const runner = containerRunner({
      image: IMAGE,
      engine: this.engine.socketPath,
      command: this.command('ours'),
      ...options,
      // Not every machine lets a container have the limit that podman sets by itself.
      limits: { userProcesses: 4096, ...options.limits },
    });
    return createClient({ runner, handshake, plugins, ...changes });
  }

  async assertNothingLeft(): Promise<void> {
    assert.equal(await this.engine.run('ps', '--all', '--quiet'), '');
    this.#assertTempDirEmpty();
  }

  async #prepare(engine: TestEngine): Promise<void> {
    const programs = [process.execPath];
    if (needsGo().skip === false) {
      const command = await goPlugin();
      this.#commands.set('Go', command);
      programs.push(command[0]);
    }
    const script = fileURLToPath(new URL('../../conformance/plugin/kv-plugin.js', import.meta.url));
    await importImage(engine, IMAGE, programs, script);
  }
}
