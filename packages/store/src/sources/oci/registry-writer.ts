import { Readable } from 'node:stream';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import type { HttpClient, WholeAnswer } from '../http/client.js';
import type { RequestOptions } from '../source.js';
import { digestOf, registryRefusal } from './registry.js';
import type { Repository } from './repository.js';

const MAX_ANSWER_BYTES = 256 * 1024;

/** Content that is pushed. */
export interface Blob {
  readonly digest: Digest;
  readonly size: number;
  /** Opens it at an offset in bytes; called again for another attempt. */
  open(offset: number): Promise<Readable>;
}

export interface WriterOptions extends RequestOptions {
  /** Another repository of the registry that may have the blobs already. */
  readonly mountFrom?: string | undefined;
  /** Uploads a blob in pieces of this many bytes. */
  readonly chunkBytes?: number | undefined;
}

/** Writing to one repository. Everything rejects with StoreError. */
export interface RegistryWriter {
  /** Uploads a blob, unless the registry has it. */
  blob(blob: Blob): Promise<void>;
  /** Resolves with whether the registry lists what the manifest refers to. */
  manifest(reference: string, mediaType: string, bytes: Buffer): Promise<{ readonly listsReferrers: boolean }>;
}

/** A blob that is in memory. */
export function blobOf(bytes: Uint8Array): Blob {
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    open: async (offset) => Readable.from([bytes.subarray(offset)]),
  };
}

export function registryWriter(http: HttpClient, repository: Repository, options: WriterOptions): RegistryWriter {
  const at = (path: string) => new URL(`${repository.name}/${path}`, repository.api);
  const { signal } = options;
  return {
    blob: async (blob) => {
      const url = at(`blobs/${blob.digest}`);
      const { status } = await http.read({ url, method: 'HEAD', signal }, MAX_ANSWER_BYTES);
      if (status === 200) return;
      const upload = await beginUpload(http, at('blobs/uploads/'), blob, options);
      if (upload !== undefined) await sendBlob(http, upload, blob, options);
    },
    manifest: async (reference, mediaType, bytes) => {
      const url = at(`manifests/${reference}`);
      const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) };
      const body = () => Readable.from([bytes]);
      const answer = await expected(http, { url, method: 'PUT', headers, body, signal }, [201]);
      return { listsReferrers: answer.header('oci-subject') !== undefined };
    },
  };
}

type Request = Parameters<HttpClient['read']>[0] & { readonly method: string };

async function expected(http: HttpClient, request: Request, statuses: readonly number[]): Promise<WholeAnswer> {
  const answer = await http.read(request, MAX_ANSWER_BYTES);
  if (statuses.includes(answer.status)) return answer;
  throw registryRefusal(request.url, request.method, answer, answer.bytes);
}

interface Upload {
  readonly url: URL;
  /** Bytes of a piece, if it goes in pieces. */
  readonly chunkBytes: number | undefined;
}

/** Undefined if the registry has taken the blob from the other repository. */
async function beginUpload(
  http: HttpClient,
  url: URL,
  { digest }: Blob,
  options: WriterOptions,
): Promise<Upload | undefined> {
  const { mountFrom, signal, chunkBytes } = options;
  const target = new URL(url);
  if (mountFrom !== undefined) {
    target.searchParams.set('mount', digest);
    target.searchParams.set('from', mountFrom);
  }
  const answer = await expected(
    http,
    { url: target, method: 'POST', headers: { 'content-length': '0' }, signal },
    [201, 202],
  );
  if (answer.status === 201) return undefined;
  const least = Number(answer.header('oci-chunk-min-length') ?? 0);
  return {
    url: locationOf(answer, target),
    chunkBytes: chunkBytes === undefined ? undefined : Math.max(chunkBytes, least || 0),
  };
}

function locationOf({ header }: WholeAnswer, from: URL): URL {
  const location = header('location');
  if (location !== undefined && URL.canParse(location, from.href)) return new URL(location, from);
  throw new StoreError('ERR_SOURCE', `${from.host} does not say where to upload to. Expected a registry.`);
}

async function sendBlob(
  http: HttpClient,
  { url, chunkBytes }: Upload,
  blob: Blob,
  { signal }: WriterOptions,
): Promise<void> {
  const location = chunkBytes === undefined ? url : await sendChunks(http, url, chunkBytes, blob, signal);
  location.searchParams.set('digest', blob.digest);
  const rest = chunkBytes === undefined ? blob.size : 0;
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(rest) };
  const body = rest === 0 ? {} : { body: () => blob.open(0) };
  await expected(http, { url: location, method: 'PUT', headers, signal, ...body }, [201]);
}

/** Resolves with where the upload is finished. */
async function sendChunks(
  http: HttpClient,
  begin: URL,
  chunkBytes: number,
  blob: Blob,
  signal?: AbortSignal,
): Promise<URL> {
  let url = begin;
  for (let from = 0; from < blob.size; from += chunkBytes) {
    const to = Math.min(from + chunkBytes, blob.size);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(to - from),
      'content-range': `${from}-${to - 1}`,
    };
    const body = async () => piece(await blob.open(from), to - from);
    url = locationOf(await expected(http, { url, method: 'PATCH', headers, body, signal }, [202]), url);
  }
  return url;
}

/** The first bytes of a stream, which is destroyed after them. */
function piece(stream: Readable, bytes: number): Readable {
  let left = bytes;
  return Readable.from(
    (async function* () {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        yield chunk.subarray(0, left);
        left -= Math.min(left, chunk.length);
        if (left === 0) return;
      }
    })(),
    { objectMode: false },
  );
}
