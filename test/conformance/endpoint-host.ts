import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bounded } from './bounded.js';
import type { DrivenClient, HostConfig, HostDriver } from './driver.js';
import { OurHost } from './our-host.js';
import { OURS_TO_GO, OURS_TO_OURS } from './pairings.js';
import type { Pairing } from './suite/pairing.js';

/** A plugin that its host has not started. */
interface Endpoint {
  readonly id: string;
  readonly address: string;
  end(): Promise<void>;
}

/** Our host, to which its plugins are endpoints that run already, with brokers in the only connection. */
class EndpointHost implements HostDriver {
  readonly name = 'our host';
  readonly pid = process.pid;
  readonly #host: OurHost;
  readonly #endpoints: Endpoint[] = [];

  constructor(tempDir: string) {
    this.#host = new OurHost(tempDir);
  }

  async create({ command, ...config }: HostConfig): Promise<DrivenClient> {
    if (command === undefined) throw new Error('Expected a command.');
    const endpoint = await startEndpoint(command);
    this.#endpoints.push(endpoint);
    const client = await this.#host.create({ ...config, endpoint: endpoint.address });
    const [start, stop] = [client.start.bind(client), client.stop.bind(client)];
    return Object.assign(client, {
      // What the host does not know: the process, and how it ends.
      start: async () => ({ ...(await start()), id: endpoint.id }),
      stop: async () => {
        await stop();
        await endpoint.end();
      },
    });
  }

  cleanup(): Promise<void> {
    return this.#host.cleanup();
  }

  async dispose(): Promise<void> {
    await this.#host.dispose();
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.end()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Ours prints its address; go-plugin, which only serves a host, the line of the handshake with the path of its socket. */
async function startEndpoint([file, ...args]: readonly [string, ...string[]]): Promise<Endpoint> {
  const directory = await mkdtemp(join(tmpdir(), 'ep-'));
  const told = { TMPDIR: directory, RXPLUG_CONFORMANCE: 'hello', PLUGIN_PROTOCOL_VERSIONS: '1' };
  const env = { ...process.env, ...told, PLUGIN_MULTIPLEX_GRPC: 'true' };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const end = async (): Promise<void> => {
    await killed(child);
    await rm(directory, { recursive: true, force: true });
  };
  const [line] = (await bounded(once(createInterface({ input: child.stdout }), 'line'), 'an address')) as [string];
  const [, , network, path = ''] = line.split('|');
  return { id: String(child.pid), address: network === 'unix' ? path : line, end };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await bounded(ended, 'the end of the plugin');
}

/** Our host at endpoints: go-plugin's by a unix socket, ours over TCP. */
export const AT_ENDPOINTS: readonly Pairing[] = [OURS_TO_GO, OURS_TO_OURS].map((pairing) => ({
  ...pairing,
  name: `${pairing.name}, at an endpoint`,
  startHost: async (tempDir) => new EndpointHost(tempDir),
  ...(pairing.plugin === 'ours' ? { flags: { endpoint: '127.0.0.1:0' } } : {}),
  config: { multiplex: true },
}));
