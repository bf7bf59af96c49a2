import type { CliContext } from '../process/context.js';
import { readSchema } from '../schema/read-schema.js';
import { spokenVersions } from '../target/all-versions.js';
import type { TargetFlags } from '../target/options.js';
import type { Target } from '../target/resolve-target.js';
import { withPlugin } from '../target/started-plugin.js';

/** What starts of a plugin have shown. */
export interface PluginFacts {
  readonly protocol: 'grpc' | 'netrpc';
  /** The application protocol versions that it speaks, of those that were offered. The lowest comes first. */
  readonly versions: readonly number[];
  /** Its services, as far as it tells them. */
  readonly services: readonly string[];
}

/** Services that every plugin has. */
const COMMON = /^(?:grpc\.(?:health|reflection)\..*|plugin\.GRPC(?:Broker|Controller|Stdio))$/;

/** Starts the plugin once for each version that it speaks. */
export async function factsOf(target: Target, flags: TargetFlags, context: CliContext): Promise<PluginFacts> {
  const first = await withPlugin(target, flags, context, async (plugin) => {
    const services = plugin.protocol === 'grpc' ? [...(await readSchema(plugin.channel, [])).services.keys()] : [];
    return { protocol: plugin.protocol, version: plugin.client.negotiatedVersion ?? 0, services };
  });
  const versions = await spokenVersions(target, flags, context, first.version);
  const services = first.services.filter((name) => !COMMON.test(name)).sort();
  return { protocol: first.protocol, versions: versions.toReversed(), services };
}
