import { baseVersionOf } from '../host/launch-options.js';
import type { ClientOptions } from '../host/options.js';
import type { HostPartsSource } from '../host/parts.js';
import { PluginClient, type PluginName } from '../host/plugin-client.js';
import type { ClientOfContract, PluginContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import { type GrpcClientContext, grpcPlugin, grpcSidesOf } from '../protocols/grpc/contract.js';
import { contractWithSides, type NetRpcClientContext, netRpcSidesOf } from '../protocols/netrpc/contract.js';

/**
 * The client of one generation. Its contracts give what they are given, the connection, so that the stable client and this one's
 * `dispense` both make theirs of it.
 */
export class MemberClient<P extends PluginSet = PluginSet> extends PluginClient<P> {
  readonly #contracts: ContractTable;

  constructor(options: ClientOptions<P>, parts: HostPartsSource) {
    super(withContexts(options), parts);
    this.#contracts = contractTable(options);
  }

  override async dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    const context = await this.context(name);
    const contract = this.#contracts(this.negotiatedVersion ?? 0, name) as PluginContract;
    return (await clientOf(contract, this.protocol as ProtocolName, context)) as ClientOfContract<P[N]>;
  }

  /** What the contract of this name is given on a host. Rejects as `dispense` does. */
  async context(name: string): Promise<unknown> {
    return await super.dispense(name as PluginName<P>);
  }
}

/** A contract by version and name. */
export type ContractTable = (version: number, name: string) => PluginContract | undefined;

export function contractTable({ plugins, versionedPlugins, ...options }: ClientOptions): ContractTable {
  return (version, name) => {
    const set = versionedPlugins?.[version] ?? (version === baseVersionOf(options) ? plugins : undefined);
    return set !== undefined && Object.hasOwn(set, name) ? set[name] : undefined;
  };
}

/** What a contract makes of its context in a protocol that it has. */
export function clientOf(contract: PluginContract, protocol: ProtocolName, context: unknown): unknown {
  return protocol === 'grpc'
    ? grpcSidesOf(contract)?.client(context as GrpcClientContext)
    : netRpcSidesOf(contract)?.client(context as NetRpcClientContext);
}

function withContexts<P extends PluginSet>(options: ClientOptions<P>): ClientOptions<P> {
  const { plugins, versionedPlugins } = options;
  const versions = Object.entries(versionedPlugins ?? {}).map(([version, set]) => [version, contextSet(set)]);
  return {
    ...options,
    ...(plugins === undefined ? {} : { plugins: contextSet(plugins) }),
    ...(versionedPlugins === undefined ? {} : { versionedPlugins: Object.fromEntries(versions) }),
  } as ClientOptions<P>;
}

function contextSet(set: PluginSet): PluginSet {
  return Object.fromEntries(Object.entries(set).map(([name, contract]) => [name, contextContract(contract)]));
}

/** The same contract, whose client is its context. */
function contextContract(contract: PluginContract): PluginContract {
  // Nonsense is told by the client's constructor.
  if (!Array.isArray((contract as Partial<PluginContract> | undefined)?.protocols)) return contract;
  const grpc = grpcSidesOf(contract);
  const netrpc = netRpcSidesOf(contract);
  return {
    ...(grpc === undefined ? {} : grpcPlugin({ ...grpc, client: (context) => context })),
    ...(netrpc === undefined ? {} : contractWithSides({ ...netrpc, client: (context) => context })),
    protocols: contract.protocols,
  };
}
