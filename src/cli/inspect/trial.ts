import { PluginError } from 'rxplug';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { readSchema } from '../schema/read-schema.js';
import type { TargetFlags } from '../target/options.js';
import { resolveTarget } from '../target/resolve-target.js';
import { type StartedPlugin, withPlugin } from '../target/started-plugin.js';

/** What came of starting a program as a plugin. */
export type Trial =
  | {
      readonly version: number | undefined;
      readonly protocol: 'grpc' | 'netrpc';
      readonly autoMtls: boolean;
      /** Names of its services; undefined for net/rpc, which does not tell. */
      readonly services: readonly string[] | undefined;
    }
  | { readonly error: string };

/** Starts a program, looks at it and stops it. Rejects only with what is no fault of the program. */
export async function tryProgram(path: string, flags: TargetFlags, context: CliContext): Promise<Trial> {
  try {
    const target = await resolveTarget([path], flags);
    return await withPlugin(target, flags, quiet(context), look);
  } catch (error) {
    if (error instanceof UsageError) return { error: error.message };
    if (PluginError.is(error)) return { error: `${error.code}: ${error.message}` };
    throw error;
  }
}

async function look(plugin: StartedPlugin): Promise<Trial> {
  const { client, autoMtls, protocol } = plugin;
  const services = plugin.protocol === 'grpc' ? await servicesOf(plugin.channel) : undefined;
  return { version: client.negotiatedVersion, protocol, autoMtls, services };
}

async function servicesOf(channel: Parameters<typeof readSchema>[0]): Promise<readonly string[]> {
  return [...(await readSchema(channel, [])).services.keys()];
}

/** Remarks on one of many programs would stand beside nothing. */
function quiet(context: CliContext): CliContext {
  return { ...context, process: { ...context.process, stderr: { write: () => true } } };
}
