import { StoreError } from '../../errors.js';

/** An address for messages: without password and query, where signed addresses carry credentials. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Whether a host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

/** Reads an address of a server. Throws StoreError for one that is not `https:`, unless it is this machine or `insecure` allows it. */
export function serverAddress(address: string, insecure: boolean, base?: URL): URL {
  if (!URL.canParse(address, base?.href))
    throw new StoreError(
      'ERR_SOURCE',
      `Expected an address that begins with https://, got ${JSON.stringify(address.slice(0, 200))}.`,
    );
  const url = new URL(address, base);
  requireSafe(url, insecure);
  return url;
}

/** Throws StoreError for a scheme that is not encrypted, unless it is this machine or `insecure` allows it. */
export function requireSafe(url: URL, insecure: boolean): void {
  if (url.protocol === 'https:') return;
  if (url.protocol !== 'http:')
    throw new StoreError('ERR_SOURCE', `Expected an address with https:, got ${shown(url)}.`);
  if (insecure || isLoopback(url.hostname)) return;
  throw new StoreError(
    'ERR_SOURCE',
    `${shown(url)} is not encrypted: whoever is on the way can change what it answers. Use https:, or set \`insecure: true\`.`,
  );
}
