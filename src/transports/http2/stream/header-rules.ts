import type { HeaderList } from '../interfaces.js';

/** Fields of a connection of HTTP/1.1, which are malformed here (RFC 9113 §8.2.2). */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

const METHOD = 1;
const SCHEME = 2;
const PATH = 4;
const AUTHORITY = 8;
const STATUS = 16;

/** What a header block is. */
export type BlockKind = 'request' | 'response' | 'trailers';

/** Lists that were found valid. Only those that come again are kept: the HPACK decoder has frozen them. */
const knownValid: Readonly<Record<BlockKind, WeakSet<HeaderList>>> = {
  request: new WeakSet(),
  response: new WeakSet(),
  trailers: new WeakSet(),
};

/** What makes a header list malformed (RFC 9113 §8.2, §8.3); undefined when it is valid. */
export function findFault(kind: BlockKind, list: HeaderList): string | undefined {
  const known = knownValid[kind];
  if (known.has(list)) return undefined;
  const fault = findFieldFault(list) ?? findPseudoFault(kind, list);
  if (fault === undefined && Object.isFrozen(list)) known.add(list);
  return fault;
}

/** Value of the `content-length` field; -1 without one. */
export function contentLengthOf(list: HeaderList): number {
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] === 'content-length') return Number(list[index + 1]);
  }
  return -1;
}

function findFieldFault(list: HeaderList): string | undefined {
  let regular = false;
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index]!;
    const value = list[index + 1]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (regular) return `${name} comes after a regular field`;
    } else {
      regular = true;
      const fault = findRegularFault(name, value);
      if (fault !== undefined) return fault;
    }
    if (/[\0\r\n]/.test(value)) return `the value of ${JSON.stringify(name)} contains a line break or NUL`;
  }
  return undefined;
}

function findRegularFault(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return `${JSON.stringify(name)} is not a field name`;
  if (FORBIDDEN.has(name)) return `${name} is not allowed in HTTP/2`;
  if (name === 'te' && value !== 'trailers') return 'te is not "trailers"';
  if (name === 'content-length' && !/^\d{1,15}$/.test(value)) return 'content-length is not a number';
  return undefined;
}

function findPseudoFault(kind: BlockKind, list: HeaderList): string | undefined {
  let seen = 0;
  for (let index = 0; index < list.length && list[index]!.charCodeAt(0) === 0x3a; index += 2) {
    const bit = bitOf(list[index]!);
    if (bit === 0 || (seen & bit) !== 0) return `${list[index]} is unknown or comes twice`;
    if (bit === PATH && list[index + 1] === '') return ':path is empty';
    seen |= bit;
  }
  if (kind === 'trailers') return seen === 0 ? undefined : 'trailers contain a pseudo-header field';
  if (kind === 'response')
    return seen === STATUS ? undefined : 'a response needs :status and no other pseudo-header field';
  return (seen & ~AUTHORITY) === (METHOD | SCHEME | PATH) ? undefined : 'a request needs :method, :scheme and :path';
}

function bitOf(name: string): number {
  switch (name) {
    case ':method':
      return METHOD;
    case ':scheme':
      return SCHEME;
    case ':path':
      return PATH;
    case ':authority':
      return AUTHORITY;
    case ':status':
      return STATUS;
    default:
      return 0;
  }
}
