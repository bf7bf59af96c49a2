import { OptionsError } from '../../errors.js';
import { describeValue } from '../option-names.js';
import { quoteText } from '../quote.js';
import { type Address, explainAddress, isLoopback } from './address.js';

/** An address in Go's terms, and its host if it is no unix socket. */
export interface EndpointAddress {
  readonly address: Address;
  readonly host?: string;
}

const TCP = /^(?:\[([^\]]*)\]|([^:/\\]*)):(\d{1,5})$/;

/** Reads `host:port` or the path of a unix socket. Throws OptionsError. */
export function parseEndpointAddress(what: string, given: unknown): EndpointAddress {
  const [whole, bracketed, name, port] = (typeof given === 'string' ? TCP.exec(given) : null) ?? [];
  if (whole !== undefined && Number(port) <= 65_535) {
    const host = bracketed ?? name ?? '';
    if (bracketed === undefined || /^[\da-fA-F:.%]+$/.test(bracketed))
      return { address: { network: 'tcp', address: whole }, host };
  }
  if (typeof given === 'string' && /^(?:[/@.]|[A-Za-z]:\\)./.test(given))
    return { address: { network: 'unix', address: given } };
  const text = typeof given === 'string' ? given : '';
  const hint = explainAddress({ network: 'tcp', address: text });
  throw new OptionsError(
    `Expected ${what} to be host:port or the path of a unix socket, got ${typeof given === 'string' ? quoteText(given) : describeValue(given)}.${hint === undefined ? '' : ` ${hint}`}`,
  );
}

/** Throws OptionsError for an address that other machines can be reached at, or reach. */
export function requireLoopback(what: string, address: Address): void {
  if (isLoopback(address)) return;
  throw new OptionsError(
    `Expected ${what} to have \`tls\`, since ${address.address} is beyond this machine: without it anybody on the way reads and changes what is said. ` +
      'Set `allowInsecure: true` if something else protects the connection.',
  );
}
