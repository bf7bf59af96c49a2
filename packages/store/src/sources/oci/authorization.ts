import { Readable } from 'node:stream';
import { StoreError } from '../../errors.js';
import { serverAddress, shown } from '../http/address.js';
import type { HttpClient, Request } from '../http/client.js';
import { refusal } from '../http/failure.js';
import { parseJson, textAt } from '../json.js';
import type { Credentials } from './credentials.js';
import type { Repository } from './repository.js';

const MAX_TOKEN_BYTES = 65_536;
const MAX_CHALLENGE_CHARS = 8192;

/** What is asked for: reading, or writing as well. */
export interface Access {
  readonly repository: Repository;
  /** Actions in a registry's words: `pull`, `pull,push`. */
  readonly actions: 'pull' | 'pull,push';
  /** A further repository to read, blobs of which are mounted. */
  readonly mountFrom?: string | undefined;
  /** Called when the registry asks for credentials. */
  readonly credentials: () => Promise<Credentials | undefined>;
}

/**
 * A client that gives a registry what it asks for in `WWW-Authenticate`: a token of its token server, or name and password. The first
 * request goes without.
 */
export function authorizedClient(http: HttpClient, access: Access): HttpClient {
  const { origin } = access.repository.api;
  let authorization: string | undefined;
  const authorized = (request: Request): Request =>
    authorization === undefined || request.url.origin !== origin
      ? request
      : { ...request, headers: { ...request.headers, authorization } };
  const again = async (request: Request, challenge: string | undefined): Promise<Request> => {
    authorization = await answerTo(http, access, challenge ?? '', request.signal);
    return authorized(request);
  };
  // Where a registry redirects to, nobody asks for its credentials.
  const isAsked = (answer: { readonly status: number; readonly origin: string }) =>
    answer.status === 401 && answer.origin === origin;
  return {
    options: http.options,
    send: async (request) => {
      const answer = await http.send(authorized(request));
      if (!isAsked(answer)) return answer;
      answer.body.destroy();
      return http.send(await again(request, answer.header('www-authenticate')));
    },
    read: async (request, maxBytes) => {
      const answer = await http.read(authorized(request), maxBytes);
      if (!isAsked(answer)) return answer;
      return http.read(await again(request, answer.header('www-authenticate')), maxBytes);
    },
  };
}

/** The value of `Authorization`. */
async function answerTo(http: HttpClient, access: Access, challenge: string, signal?: AbortSignal): Promise<string> {
  const bearer = parametersOf('Bearer', challenge);
  const credentials = await access.credentials();
  if (bearer !== undefined) return `Bearer ${await fetchToken(http, access, bearer, credentials, signal)}`;
  const { registry } = access.repository;
  if (parametersOf('Basic', challenge) === undefined)
    throw new StoreError(
      'ERR_CREDENTIALS',
      `${registry} asks for credentials in a way that is not known. Expected Bearer or Basic.`,
    );
  if (credentials === undefined || !('username' in credentials))
    throw new StoreError(
      'ERR_CREDENTIALS',
      `${registry} asks for name and password, and there are none. Log in: docker login ${registry}.`,
    );
  return basic(credentials);
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The parameters of a challenge; undefined if there is none of this scheme. */
function parametersOf(scheme: string, challenge: string): ReadonlyMap<string, string> | undefined {
  const found = new RegExp(`(?:^|,)\\s*${scheme}(?:\\s+|$)`, 'i').exec(challenge.slice(0, MAX_CHALLENGE_CHARS));
  if (found === null) return undefined;
  const rest = challenge.slice(found.index + found[0].length, MAX_CHALLENGE_CHARS);
  const parameters = new Map<string, string>();
  // Where it does not match, the next challenge begins.
  const pair = /\s*,?\s*([A-Za-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/y;
  for (let match = pair.exec(rest); match !== null; match = pair.exec(rest))
    parameters.set(match[1]!.toLowerCase(), match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3]!);
  return parameters;
}

/** The scope is ours: a registry cannot have a token made for anything else. */
async function fetchToken(
  http: HttpClient,
  { repository, actions, mountFrom }: Access,
  bearer: ReadonlyMap<string, string>,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<string> {
  const realm = serverAddress(bearer.get('realm') ?? '', http.options.insecure);
  const scopes = [`repository:${repository.name}:${actions}`];
  if (mountFrom !== undefined) scopes.push(`repository:${mountFrom}:pull`);
  const service = bearer.get('service');
  const isRefresh = credentials !== undefined && 'identityToken' in credentials;
  const request = isRefresh
    ? refreshRequest(realm, service, scopes, credentials.identityToken)
    : tokenRequest(realm, service, scopes, credentials);
  const answer = await http.read({ ...request, signal }, MAX_TOKEN_BYTES);
  if (answer.status !== 200)
    throw refusal(realm, request.method, answer, `, when asked for a token for ${repository.address}`);
  const { token, access_token: other } = parseJson(answer.bytes, `the token of ${shown(realm)}`);
  return textAt(token ?? other, /^[!-~]+$/, 'a token', `the answer of ${shown(realm)}`);
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credentials?: Exclude<Credentials, { identityToken: string }>,
) {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return { url, method: 'GET', headers: credentials === undefined ? {} : { authorization: basic(credentials) } };
}

function refreshRequest(url: URL, service: string | undefined, scopes: readonly string[], refreshToken: string) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'rxplug-store',
    refresh_token: refreshToken,
  });
  if (service !== undefined) form.set('service', service);
  form.set('scope', scopes.join(' '));
  const bytes = Buffer.from(form.toString());
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(bytes.length) };
  return { url, method: 'POST', headers, body: () => Readable.from([bytes]), hasSecretBody: true };
}
