import { readFileSync } from 'node:fs';
import { exhaustMap, filter, map, take, timer } from 'rxjs';
import { type AttachedRunner, createClient, grpcPlugin, netRpcPlugin, type ReattachConfig } from 'rxplug';
import { connectionFailure } from './connection-failure.js';

/** How long it may take to connect, and to end. */
const LIMIT_MS = 2000;
const POLL_MS = 50;

/** What the system says when nobody listens at a socket any more. */
const GONE: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Asks the plugin to end that a killed sidecar has left behind: only a container ends its other processes with the first one. `path` is what was
 * published of it. Nothing is asked that listens outside of the folder. Never rejects.
 */
export async function endLeftPlugin(directory: string, path: string): Promise<void> {
  const reattach = leftPlugin(directory, path);
  if (reattach === undefined) return;
  const client = createClient({
    reattach: { ...reattach, attach: () => listenerAt(reattach.address) },
    // Nobody asks for the cookie of a plugin that runs.
    handshake: { magicCookieKey: 'unused', magicCookieValue: 'unused' },
    plugins: { anything: grpcPlugin({ client: () => ({}), serve: () => {} }), object: netRpcPlugin({}) },
    grpc: { broker: { enabled: false } },
    startTimeoutMs: LIMIT_MS,
    stopGraceMs: LIMIT_MS,
  });
  await client.start().catch(() => {});
  await client.stop().catch(() => {});
}

/** Whoever listens there: asked only, and not killed, since it cannot be known for certain which process that is. */
function listenerAt(path: string): AttachedRunner {
  const same: AttachedRunner['pluginToHost'] = (address) => address;
  const exit$ = timer(0, POLL_MS).pipe(
    exhaustMap(() => connectionFailure(path)),
    filter((code) => GONE.has(code)),
    map(() => ({ code: null, signal: null })),
    take(1),
  );
  return { id: path, exit$, pluginToHost: same, hostToPlugin: same, kill: async () => {} };
}

function leftPlugin(directory: string, path: string): ReattachConfig | undefined {
  try {
    const { ends: _, ...reattach } = JSON.parse(readFileSync(path, 'utf8')).reattach as ReattachConfig;
    return reattach.network === 'unix' && reattach.address.startsWith(`${directory}/`) ? reattach : undefined;
  } catch {
    return undefined;
  }
}
