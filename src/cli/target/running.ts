import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { NEVER } from 'rxjs';
import {
  type AttachedRunner,
  type PartialReattachConfig,
  parseTerraformReattach,
  type ReattachConfig,
  TERRAFORM_REATTACH_VARIABLE,
} from 'rxplug';
import { type Address, dialerTo } from 'rxplug/transport';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import type { TargetFlags } from './options.js';

/** A plugin that somebody else has started. It is never stopped: only our connection is closed. */
export interface RunningTarget {
  readonly kind: 'running';
  /** Where it is, for people. */
  readonly title: string;
  readonly reattach: PartialReattachConfig & { readonly attach?: () => Promise<AttachedRunner> };
}

/** The plugin that `--reattach` or `--address` names. Throws UsageError. */
export async function resolveRunning(context: CliContext, flags: TargetFlags): Promise<RunningTarget> {
  const { reattach, address, netrpc, tls, provider } = flags;
  if (reattach !== undefined && address !== undefined)
    throw new UsageError('Expected either --reattach or --address, got both.');
  if (tls === 'on')
    throw new UsageError(
      'A plugin that runs already cannot be reached with AutoMTLS: only the host that started it has its keys. Give --cert, --key and --ca.',
    );
  if (reattach !== undefined) {
    if (netrpc) throw new UsageError('Expected no --netrpc beside --reattach: the configuration has the protocol.');
    return runningAt(await configOf(await read(context, reattach), reattach, provider));
  }
  if (provider !== undefined) throw new UsageError('Expected --reattach beside --provider.');
  return runningAt({ ...parseAddress(address!), protocol: netrpc ? 'netrpc' : 'grpc' });
}

/** Test mode: the client never ends such a plugin. Without a pid nobody looks whether its process is there. */
function runningAt(config: PartialReattachConfig): RunningTarget {
  const { network, address, pid } = config;
  const where = `${network} ${address}`;
  return {
    kind: 'running',
    title: pid === undefined ? where : `process ${pid}, ${where}`,
    reattach: { ...config, test: true, ...(pid === undefined ? { attach: () => attachTo({ network, address }) } : {}) },
  };
}

/** A plugin of which only the address is known. Rejects at once where nobody listens: a channel would try again. */
async function attachTo(address: Address): Promise<AttachedRunner> {
  (await dialerTo(address).dial()).destroy();
  return {
    id: address.address,
    exit$: NEVER,
    kill: async () => {},
    pluginToHost: (address) => address,
    hostToPlugin: (address) => address,
  };
}

/** `unix:PATH` or `tcp:HOST:PORT`. Throws UsageError. */
export function parseAddress(given: string): Address {
  const [, network, address = ''] = /^(unix|tcp):(?!\/\/)(.+)$/.exec(given) ?? [];
  if (network === 'unix') return { network, address };
  if (network === 'tcp' && /^(?:\[[^[\]]+\]|[^:[\]]*):\d{1,5}$/.test(address)) return { network, address };
  throw new UsageError(`Expected --address to be unix:PATH or tcp:HOST:PORT, got ${JSON.stringify(given)}.`);
}

/** The text of a file, of stdin for `-`, or of an environment variable for `env:NAME`. */
async function read({ stdin }: CliContext, source: string): Promise<string> {
  if (source === '-') return text(stdin);
  if (source.startsWith('env:')) {
    const value = process.env[source.slice(4)];
    if (value !== undefined) return value;
    throw new UsageError(`The environment variable ${source.slice(4)} is not set.`);
  }
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${source}: ${(error as Error).message}.`);
  }
}

/** Ours, or that of Terraform, also as the line with which Go's providers print it. */
async function configOf(
  given: string,
  source: string,
  provider: string | undefined,
): Promise<PartialReattachConfig | ReattachConfig> {
  const value = parse(given, source);
  if ('address' in value || 'network' in value) {
    if (provider !== undefined) throw new UsageError(`${source} names one plugin: leave out --provider.`);
    return value as unknown as PartialReattachConfig;
  }
  const names = Object.keys(value);
  if (names.length > 1 && provider === undefined)
    throw new UsageError(`${source} names several plugins. Give --provider with one of ${names.join(', ')}.`);
  return parseTerraformReattach(value, provider);
}

function parse(given: string, source: string): Readonly<Record<string, unknown>> {
  const assignment = new RegExp(`^\\s*(?:export\\s+)?${TERRAFORM_REATTACH_VARIABLE}=(['"]?)([^]*)\\1\\s*$`);
  const json = assignment.exec(given)?.[2] ?? given;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new UsageError(
    `Expected ${source === '-' ? 'stdin' : source} to be a reattach configuration: JSON as \`rxplug run --reattach-file\` writes it, or the value of ${TERRAFORM_REATTACH_VARIABLE}.`,
  );
}
