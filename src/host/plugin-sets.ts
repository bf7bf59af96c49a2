import { OptionsError } from '../errors.js';
import type { PluginContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import { hostVersionTable, type VersionedSets } from '../wire/handshake/versions.js';
import { describeValue } from '../wire/option-names.js';
import { quoteText } from '../wire/quote.js';

/** The plugin sets of a host by version, each checked; `protocolVersion` is that of `plugins`. Throws OptionsError. */
export function versionTable<P extends PluginSet>(
  { plugins, versionedPlugins }: Omit<VersionedSets<P>, 'protocolVersion'>,
  protocolVersion: number,
): ReadonlyMap<number, P> {
  const versions = hostVersionTable<P>({
    protocolVersion,
    ...(plugins === undefined ? {} : { plugins }),
    ...(versionedPlugins === undefined ? {} : { versionedPlugins }),
  });
  if (versions.size === 0)
    throw new OptionsError('Expected `plugins` or `versionedPlugins` to name at least one plugin set.');
  for (const [version, set] of versions) checkContracts(version, set);
  return versions;
}

/** For JavaScript callers, who tend to pass a service definition in place of a contract. */
function checkContracts(version: number, set: Readonly<Record<string, Partial<PluginContract> | undefined>>): void {
  if (typeof set !== 'object' || set === null || Array.isArray(set))
    throw new OptionsError(
      `Expected the plugin set of version ${version} to be an object with contracts by name, got ${describeValue(set)}.`,
    );
  const wrong = Object.entries(set).find(([, contract]) => !Array.isArray(contract?.protocols));
  if (wrong === undefined) return;
  throw new OptionsError(
    `Expected \`${wrong[0]}\` of the plugin set of version ${version} to be a contract. Make it with \`grpcPlugin\` or \`netRpcPlugin\`.`,
  );
}

/** The option `allowedProtocols`, checked. Throws OptionsError. */
export function resolveProtocols(protocols: readonly string[] | undefined): readonly ProtocolName[] | undefined {
  const unknown = protocols?.find((protocol) => protocol !== 'grpc' && protocol !== 'netrpc');
  if (unknown === undefined) return protocols as readonly ProtocolName[] | undefined;
  throw new OptionsError(
    `Expected \`allowedProtocols\` to contain 'grpc' and 'netrpc' only, got ${quoteText(unknown)}.`,
  );
}

/** The protocols of all contracts. */
export function protocolsOf(versions: ReadonlyMap<number, PluginSet>): readonly ProtocolName[] {
  const contracts: PluginContract[] = [...versions.values()].flatMap((set) => Object.values(set));
  return [...new Set(contracts.flatMap((contract) => contract.protocols))];
}
