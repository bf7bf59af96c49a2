import { OptionsError, PluginCallError } from '../errors.js';
import type { PluginContract, PluginSet, ProtocolName } from './contract.js';

/** The error of `dispense` for a name outside the set, or for a contract without the plugin's protocol. */
export function notDispensable(name: string, plugins: PluginSet, protocol: ProtocolName): PluginCallError {
  const contract = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (contract !== undefined)
    return new PluginCallError(
      'ERR_PLUGIN_PROTOCOL',
      `The plugin speaks ${protocol}, and the contract of ${name} is for ${protocolsOf(contract)} alone. ` +
        `Leave ${protocol} out of \`allowedProtocols\`, or give the contract both with \`dualPlugin\`.`,
    );
  const known = Object.keys(plugins).join(', ') || 'none';
  return new PluginCallError('ERR_UNKNOWN_PLUGIN', `unknown plugin type: ${name}. This host knows ${known}.`);
}

/** The error of `serve` for a contract without the protocol that is to be served. */
export function notServable(name: string, contract: PluginContract, protocol: ProtocolName): OptionsError {
  return new OptionsError(
    `The plugin ${name} cannot be served over ${protocol}: its contract is for ${protocolsOf(contract)} alone. ` +
      'Serve that, or give the contract both with `dualPlugin`.',
  );
}

/** For a function of `implement` without types, or without a return. Throws OptionsError. */
export function requireService(name: string, service: unknown): asserts service is object {
  if ((typeof service === 'object' && service !== null) || typeof service === 'function') return;
  throw new OptionsError(
    `The service of ${name} is ${String(service)}, and not an object with its methods. ` +
      'A function that is given to `implement` has to return the service, or a Promise of it.',
  );
}

function protocolsOf({ protocols }: PluginContract): string {
  return protocols.join(', ') || 'no protocol';
}
