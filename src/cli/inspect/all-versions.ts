import { PluginError } from 'rxplug';
import type { CliContext } from '../process/context.js';
import type { TargetFlags } from '../target/options.js';
import type { Target } from '../target/resolve-target.js';
import { withPlugin } from '../target/started-plugin.js';

/** What further starts have shown. */
export interface FurtherStarts {
  /** The application protocol versions that the plugin speaks, of those that were offered. The highest comes first. */
  readonly versions: readonly number[];
  /** Whether the plugin multiplexes brokered connections; undefined for net/rpc. */
  readonly multiplexing: boolean | undefined;
}

/** A plugin takes the highest version that it is offered: a start with the lower ones alone shows the next, until none is left. */
export async function allVersions(
  target: Target,
  flags: TargetFlags,
  context: CliContext,
  first: { readonly version: number; readonly protocol: 'grpc' | 'netrpc'; readonly autoMtls: boolean },
): Promise<FurtherStarts> {
  const settled: TargetFlags = flags.tls === 'auto' && !first.autoMtls ? { ...flags, tls: 'off' } : flags;
  const versions = [first.version];
  for (let below = lower(target, first.version); below.length > 0; below = lower(target, versions.at(-1)!)) {
    const next = await versionOf({ ...target, versions: below }, settled, context);
    if (next === undefined) break;
    versions.push(next);
  }
  const multiplexing = first.protocol === 'grpc' ? await multiplexes(target, settled, context) : undefined;
  return { versions, multiplexing };
}

function lower({ versions }: Target, than: number): readonly number[] {
  return versions.filter((version) => version < than);
}

/** Undefined where the plugin speaks none of the versions. */
async function versionOf(target: Target, flags: TargetFlags, context: CliContext): Promise<number | undefined> {
  try {
    return await withPlugin(target, flags, context, async ({ client }) => client.negotiatedVersion);
  } catch (error) {
    if (PluginError.is(error) && error.code === 'ERR_APP_VERSION_MISMATCH') return undefined;
    throw error;
  }
}

async function multiplexes(target: Target, flags: TargetFlags, context: CliContext): Promise<boolean> {
  try {
    return await withPlugin(target, flags, context, async () => true, { multiplex: true });
  } catch (error) {
    if (PluginError.is(error) && error.code === 'ERR_MULTIPLEXING_NOT_SUPPORTED') return false;
    throw error;
  }
}
