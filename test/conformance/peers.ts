import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo } from './build-go.js';
import { GoHost } from './go-host.js';

export { needsGo } from './build-go.js';

const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** Flags of a plugin program, as in `test/conformance/go/plugin/flags.go`; ours knows the same. */
export type PluginFlags = Readonly<Record<string, string | number | boolean>>;

/** A command line, without a shell. */
export type Command = readonly [file: string, ...args: string[]];

/** Versions of go-plugin with which the same programs are built too, as far as they have what the newest one has. */
export type OldGoPlugin = '1.0.1' | '1.4.10';

/** The directory of the built Go programs `host` and `plugin`. */
function built(version?: OldGoPlugin): Promise<string> {
  const flags = version === undefined ? [] : ['-tags=old', `-modfile=go-plugin-${version}.mod`];
  return buildGo('test/conformance/go', ['host', 'plugin'], flags);
}

/** Starts a Go host whose temporary files, and those of its plugins, go into a directory; the caller disposes it. */
export async function startGoHost(
  tempDir: string,
  env: NodeJS.ProcessEnv = {},
  version?: OldGoPlugin,
): Promise<GoHost> {
  return new GoHost(join(await built(version), `host${SUFFIX}`), { ...process.env, TMPDIR: tempDir, ...env });
}

/** The command line of the Go plugin. */
export async function goPlugin(flags: PluginFlags = {}, version?: OldGoPlugin): Promise<Command> {
  return [join(await built(version), `plugin${SUFFIX}`), ...flagArguments(flags)];
}

/** The command line of our plugin, which knows the same flags as far as it can do what they say. */
export async function ourPlugin(flags: PluginFlags = {}): Promise<Command> {
  return [process.execPath, fileURLToPath(new URL('plugin/kv-plugin.js', import.meta.url)), ...flagArguments(flags)];
}

/** `{ tcp: true }` as `--tcp=true`. */
export function flagArguments(flags: PluginFlags): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
