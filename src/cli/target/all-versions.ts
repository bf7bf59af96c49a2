import { PluginError } from 'rxplug';
import type { CliContext } from '../process/context.js';
import type { TargetFlags } from './options.js';
import type { Target } from './resolve-target.js';
import { withPlugin } from './started-plugin.js';

/** What further starts have shown. */
export interface FurtherStarts {
  /** The application protocol versions that the plugin speaks, of those that were offered. The highest comes first. */
  readonly versions: readonly number[];
  /** Whether the plugin multiplexes brokered connections; undefined for net/rpc. */
  readonly multiplexing: boolean | undefined;
}

export async function allVersions(
  target: Target,
  flags: TargetFlags,
  context: CliContext,
  first: { readonly version: number; readonly protocol: 'grpc' | 'netrpc'; readonly autoMtls: boolean },
): Promise<FurtherStarts> {
  const settled: TargetFlags = flags.tls === 'auto' && !first.autoMtls ? { ...flags, tls: 'off' } : flags;
  const versions = await spokenVersions(target, settled, context, first.version);
  const multiplexing = first.protocol === 'grpc' ? await multiplexes(target, settled, context) : undefined;
  return { versions, multiplexing };
}

/**
 * The versions that a plugin speaks, the highest first: it takes the highest that it is offered, so a start with the lower ones alone
 * shows the next, until none is left.
 */
export async function spokenVersions(
  target: Target,
  flags: TargetFlags,
  context: CliContext,
  highest: number,
): Promise<readonly number[]> {
  const versions = [highest];
  for (let below = lower(target, highest); below.length > 0; below = lower(target, versions.at(-1)!)) {
    const next = await versionOf({ ...target, versions: below }, flags, context);
    if (next === undefined) break;
    versions.push(next);
  }
  return versions;
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
