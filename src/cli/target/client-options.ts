import type { ClientOptions, PluginSet } from 'rxplug';
import { parsePair, type StartFlags } from './options.js';
import type { Target } from './resolve-target.js';
import { tlsOfFiles } from './tls-files.js';
import type { AnyTarget } from './words.js';

/** How a client reaches the target: the plugin set is the same in every version. Throws UsageError. */
export async function clientOptions<P extends PluginSet>(
  target: AnyTarget,
  flags: StartFlags,
  plugins: P,
  { autoMtls }: { readonly autoMtls: boolean },
): Promise<ClientOptions<P>> {
  const tls = await tlsOfFiles(flags);
  const shared = {
    allowedProtocols: ['grpc', 'netrpc'] as const,
    startTimeoutMs: flags.timeout,
    ...(tls === undefined ? { autoMtls } : { tls }),
  };
  if (target.kind === 'running') {
    const { reattach } = target;
    // Nobody asks for the cookie of a plugin that runs.
    const handshake = {
      magicCookieKey: 'unused',
      magicCookieValue: 'unused',
      protocolVersion: reattach.protocolVersion ?? 0,
    };
    return { ...shared, reattach, handshake, plugins };
  }
  const cwd = flags.cwd ?? target.cwd;
  return {
    ...shared,
    command: target.command,
    handshake: { magicCookieKey: target.cookieKey, magicCookieValue: target.cookieValue },
    versionedPlugins: Object.fromEntries(target.versions.map((version) => [version, plugins])),
    skipHostEnv: !flags.hostEnv,
    managed: true,
    env: environmentOf(target, flags),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

/** What the plugin gets besides the environment of the command: what its host sets, and what is given. Throws UsageError. */
export function environmentOf({ profile }: Target, { env = [] }: Pick<StartFlags, 'env'>): Record<string, string> {
  return { ...profile?.env, ...Object.fromEntries(env.map((pair) => parsePair(pair, '--env'))) };
}

/** Whether certificates are named, so that AutoMTLS is out of the question. */
export function hasOwnTls({ cert, key, ca, serverName }: StartFlags): boolean {
  return [cert, key, ca, serverName].some((flag) => flag !== undefined);
}
