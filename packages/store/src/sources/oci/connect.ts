import { createHttpClient, type HttpClient } from '../http/client.js';
import { HTTP_OPTIONS, type HttpOptions, requireKnown, resolveHttp } from '../http/options.js';
import { type Access, authorizedClient } from './authorization.js';
import { type Credentials, loginCredentials } from './credentials.js';
import { parseRepository, type Repository } from './repository.js';

/** How a registry is reached. */
export interface RegistryOptions extends HttpOptions {
  /** Called when a registry asks for credentials; `registry` is `ghcr.io`. @default those of `docker login` and `podman login` */
  readonly credentials?: (registry: string) => Promise<Credentials | undefined>;
}

/** The names of RegistryOptions. */
export const REGISTRY_OPTIONS: readonly string[] = [...HTTP_OPTIONS, 'credentials'];

/** A client for one repository. Throws StoreError for an address that is none, OptionsError. */
export function connectRegistry(
  of: string,
  address: string,
  options: RegistryOptions,
  actions: Access['actions'] = 'pull',
  mountFrom?: string,
): { readonly http: HttpClient; readonly repository: Repository } {
  requireKnown(of, options, REGISTRY_OPTIONS);
  const http = createHttpClient(resolveHttp(options));
  const repository = parseRepository(address, http.options.insecure);
  const credentials = () =>
    options.credentials?.(repository.registry) ?? loginCredentials(repository, http.options.env);
  return { repository, http: authorizedClient(http, { repository, actions, mountFrom, credentials }) };
}
