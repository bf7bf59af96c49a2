import type { ClientOfContract, PluginSet } from '../protocols/contract.js';

/** Plugin sets by protocol version of the application. */
export type VersionedPluginSets<P extends PluginSet = PluginSet> = Readonly<Record<number, P>>;

/** The plugin set of the version that host and plugin have agreed on. */
export interface NegotiatedPlugins<Version extends number = number, P extends PluginSet = PluginSet> {
  /** Tells the sets apart: `switch (negotiated.version)`. */
  readonly version: Version;
  /** As `dispense` of the client, with the names and clients of this set. */
  dispense<N extends keyof P & string>(name: N): Promise<ClientOfContract<P[N]>>;
}

/** One of the sets. If the compiler does not know the versions, it is what all sets have. */
export type NegotiatedOf<V extends VersionedPluginSets> = number extends keyof V
  ? NegotiatedPlugins<number, V[number]>
  : { readonly [Version in keyof V & number]: NegotiatedPlugins<Version, V[Version]> }[keyof V & number];
