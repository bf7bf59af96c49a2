import { OptionsError } from '../../errors.js';
import type { HandshakeConfig } from '../handshake/handshake-config.js';
import type { ProtocolName } from '../handshake/handshake-line.js';
import { quoteText } from '../quote.js';
import type { ManifestHandshake, PluginManifest } from './manifest.js';
import { parsePluginManifest } from './parse-manifest.js';

/** What a host takes. */
export interface HostTerms {
  /** Without a cookie where nobody asks for one. */
  readonly handshake: Partial<HandshakeConfig>;
  readonly versions: readonly number[];
  readonly allowedProtocols: readonly ProtocolName[];
}

/** A manifest, checked. Throws OptionsError, also where it says another thing than the host does: such a plugin could not be used. */
export function agreedManifest(given: PluginManifest | undefined, host: HostTerms): PluginManifest | undefined {
  if (given === undefined) return undefined;
  const manifest = parsePluginManifest(given);
  const contradiction = contradictionOf(manifest, host);
  if (contradiction === undefined) return manifest;
  throw new OptionsError(
    `The manifest of ${manifest.name} ${manifest.version} says ${contradiction}. Is it a plugin of this application? Use a version of it that fits.`,
  );
}

function contradictionOf(
  {
    handshake = {},
    protocols,
  }: Omit<PluginManifest, 'handshake'> & { readonly handshake?: Partial<ManifestHandshake> },
  { handshake: { magicCookieKey, magicCookieValue }, versions, allowedProtocols }: HostTerms,
): string | undefined {
  const { cookieKey, cookieValue, protocolVersions } = handshake;
  if (cookieKey !== undefined && cookieKey !== (magicCookieKey ?? cookieKey))
    return `that its cookie is ${quoteText(cookieKey)}, and \`handshake.magicCookieKey\` is ${quoteText(magicCookieKey ?? '')}`;
  if (cookieValue !== undefined && cookieValue !== (magicCookieValue ?? cookieValue))
    return `that the value of its cookie is ${quoteText(cookieValue)}, and \`handshake.magicCookieValue\` is ${quoteText(magicCookieValue ?? '')}`;
  if (protocolVersions?.some((version) => versions.includes(version)) === false)
    return `that it speaks the protocol versions ${protocolVersions.join(', ')}, and this host speaks ${versions.join(', ')}`;
  if (protocols?.some((protocol) => allowedProtocols.includes(protocol)) === false)
    return `that it serves ${protocols.join(' and ')}, and this host uses ${allowedProtocols.join(' and ')}`;
  return undefined;
}

/** Where a plugin that runs is another one than its manifest says, in sentences. It can be used, since both ends have agreed. */
export function disagreements(
  { handshake, protocols }: PluginManifest,
  { protocolVersion, protocol }: { readonly protocolVersion: number; readonly protocol: ProtocolName },
): readonly string[] {
  const found: string[] = [];
  const versions = handshake?.protocolVersions;
  if (versions?.includes(protocolVersion) === false)
    found.push(`the plugin speaks protocol version ${protocolVersion}, and its manifest says ${versions.join(', ')}`);
  if (protocols?.includes(protocol) === false)
    found.push(`the plugin serves ${protocol}, and its manifest says ${protocols.join(', ')}`);
  return found;
}
