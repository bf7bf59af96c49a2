import { errorMessage, OptionsError } from '../../../errors.js';
import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { isUint8Array } from '../../../wire/bytes.js';
import { describeValue } from '../../../wire/option-names.js';
import { isPlainObject } from '../../../wire/plain-object.js';
import { Metadata, type MetadataValue } from './grpc-js.js';

/** Headers that belong to the call itself and are never metadata (grpc-go internal/transport/http_util.go isReservedHeader). */
const RESERVED = new Set([
  'content-type',
  'te',
  'user-agent',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-message',
  'grpc-message-type',
  'grpc-status',
  'grpc-timeout',
]);

/** Connection-specific headers, which HTTP/2 forbids (RFC 9113 §8.2.2): the peer would reset the stream. */
const FORBIDDEN = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

const LEGAL_NAME = /^[0-9a-z_.-]+$/;
const LEGAL_VALUE = /^[ -~]*$/;

/** The first value of a header, or undefined. Names are lower case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] === name) return headers[index + 1];
  }
  return undefined;
}

/** What HTTP/2 counts for a header besides name and value (RFC 9113 §6.5.2). */
const HEADER_COST_BYTES = 32;

/** The size of a header list, as SETTINGS_MAX_HEADER_LIST_SIZE limits it. */
export function headerListBytes(headers: HeaderList): number {
  let bytes = (headers.length / 2) * HEADER_COST_BYTES;
  for (const text of headers) bytes += text.length;
  return bytes;
}

/** Most bytes of a header list to a peer that announces no limit, and to any: those on Node close the connection above it. */
const MAX_LIST_BYTES = 64 * 1024;

/** Most bytes of a header list to a peer that has announced this limit, or Infinity. */
export function mostListBytes(peerMaxBytes: number): number {
  return Math.min(MAX_LIST_BYTES, peerMaxBytes);
}

/** `at most … bytes can be sent`, with the reason where it is the peer's. */
export function listLimitText(peerMaxBytes: number): string {
  const whose = peerMaxBytes < MAX_LIST_BYTES ? ': the peer accepts no more (SETTINGS_MAX_HEADER_LIST_SIZE)' : '';
  return `at most ${mostListBytes(peerMaxBytes)} can be sent${whose}`;
}

/**
 * Appends metadata to a header block: one header per value, binary ones (`-bin`) in unpadded base64. Pseudo headers, those that
 * gRPC writes itself and those that HTTP/2 forbids are left out.
 */
export function appendMetadata(headers: string[], metadata: Metadata): void {
  const entries = metadata.toJSON();
  for (const name in entries) {
    if (!isSendable(name)) continue;
    for (const value of entries[name]!) headers.push(name, encodeValue(value));
  }
}

/** Whether metadata of this name may be sent: false for what gRPC writes itself and what HTTP/2 forbids. */
export function isSendable(name: string): boolean {
  return !name.startsWith(':') && !RESERVED.has(name) && !FORBIDDEN.has(name);
}

function encodeValue(value: MetadataValue): string {
  return typeof value === 'string' ? value : value.toString('base64').replace(/=+$/, '');
}

/**
 * The metadata in a header block. Binary values (`-bin`) are decoded, padded or not, several in one header separated by commas.
 * What gRPC keeps for itself is left out; so is a value that metadata cannot hold, one that is not ASCII for instance.
 */
export function metadataFrom(headers: HeaderList): Metadata {
  const metadata = new Metadata();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]!;
    if (LEGAL_NAME.test(name) && !RESERVED.has(name)) add(metadata, name, headers[index + 1]!);
  }
  return metadata;
}

/** Whether a value is Metadata, of this or of another copy of grpc-js. */
export function isMetadata(value: unknown): value is Metadata {
  if (typeof value !== 'object' || value === null) return false;
  return METADATA_METHODS.every((name) => typeof Reflect.get(value, name) === 'function');
}

const METADATA_METHODS = ['get', 'getMap', 'clone', 'toHttp2Headers'] as const;

/** A value as Metadata of this copy of grpc-js; undefined for what is none. */
export function toMetadata(value: unknown): Metadata | undefined {
  if (value instanceof Metadata) return value;
  if (!isMetadata(value)) return undefined;
  const metadata = new Metadata();
  for (const name of Object.keys(value.getMap())) {
    for (const item of value.get(name)) metadata.add(name, typeof item === 'string' ? item : Buffer.from(item));
  }
  return metadata;
}

/** One value of metadata: text, or bytes under a name that ends in `-bin`. */
type MetadataInputValue = string | Uint8Array;

/** Metadata as it may be given: an object of names, each with a value or several. */
export type MetadataInput = Metadata | Readonly<Record<string, MetadataInputValue | readonly MetadataInputValue[]>>;

/** Metadata of what was given; undefined stays undefined. Throws OptionsError for what is none. */
export function resolveMetadata(of: string, given: MetadataInput | undefined): Metadata | undefined {
  if (given === undefined || given instanceof Metadata) return given;
  const known = toMetadata(given);
  if (known !== undefined) return known;
  if (!isPlainObject(given))
    throw new OptionsError(
      `Expected ${of} to be a Metadata or an object of names and values, got ${describeValue(given)}.`,
    );
  return metadataOf(of, given as Exclude<MetadataInput, Metadata>);
}

function metadataOf(of: string, given: Exclude<MetadataInput, Metadata>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(given)) {
    for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (item === undefined) continue;
      if (typeof item !== 'string' && !isUint8Array(item))
        throw new OptionsError(`Expected \`${name}\` of ${of} to be text or bytes, got ${describeValue(item)}.`);
      try {
        metadata.add(name, typeof item === 'string' ? item : Buffer.from(item));
      } catch (cause) {
        throw new OptionsError(`Expected \`${name}\` of ${of} to be valid: ${errorMessage(cause)}.`, { cause });
      }
    }
  }
  return metadata;
}

function add(metadata: Metadata, name: string, value: string): void {
  if (name.endsWith('-bin')) {
    for (const part of value.split(',')) metadata.add(name, Buffer.from(part.trim(), 'base64'));
  } else if (LEGAL_VALUE.test(value)) {
    metadata.add(name, value);
  }
}
