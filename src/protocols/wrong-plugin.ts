import { OptionsError, PluginCallError } from '../errors.js';
import type { PluginContract, PluginSet, ProtocolName } from './contract.js';

/** Why a host cannot dispense a name in the protocol that it speaks with the plugin. */
export function notDispensable(name: string, plugins: PluginSet, protocol: ProtocolName): PluginCallError {
  const contract = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (contract !== undefined)
    return new PluginCallError(
      'ERR_PLUGIN_PROTOCOL',
      `The plugin speaks ${protocol}, and the contract of ${name} is for ${listed(contract)} alone. ` +
        `Leave ${protocol} out of \`allowedProtocols\`, or give the contract both with \`dualPlugin\`.`,
    );
  const known = Object.keys(plugins).join(', ') || 'none';
  return new PluginCallError('ERR_UNKNOWN_PLUGIN', `unknown plugin type: ${name}. This host knows ${known}.`);
}

/** Why a plugin cannot serve a contract in the protocol that it was told to serve. */
export function notServable(name: string, contract: PluginContract, protocol: ProtocolName): OptionsError {
  return new OptionsError(
    `The plugin ${name} cannot be served over ${protocol}: its contract is for ${listed(contract)} alone. ` +
      'Serve that, or give the contract both with `dualPlugin`.',
  );
}

function listed({ protocols }: PluginContract): string {
  return protocols.join(', ') || 'nothing';
}
