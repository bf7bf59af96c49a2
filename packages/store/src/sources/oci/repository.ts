import { OptionsError } from 'rxplug';
import { quote } from '../../quote.js';
import { isLoopback, serverAddress } from '../http/address.js';

/** A repository of a registry. */
export interface Repository {
  /** As it was given: `oci://ghcr.io/acme/kv`. */
  readonly address: string;
  /** The registry, as credentials name it: `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** The repository's name in the registry. */
  readonly name: string;
  /** The address of the API: `https://ghcr.io/v2/`. */
  readonly api: URL;
}

const ADDRESS = /^oci:\/\/([A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?)\/(.+)$/;
const NAME = /^(?=.{1,255}$)[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Docker's own registry has other names than its address. */
const DOCKER = /^(?:docker\.io|index\.docker\.io|registry-1\.docker\.io)$/;

/**
 * Reads the address of a repository. A registry on this machine is spoken to without TLS, as container engines do, and others with
 * `insecure`. Throws OptionsError.
 */
export function parseRepository(address: string, insecure: boolean): Repository {
  const [, host, path] = ADDRESS.exec(address) ?? [];
  if (host === undefined || path === undefined || !NAME.test(path))
    throw new OptionsError(
      `Expected oci://registry/repository in lower case and without a tag, such as oci://ghcr.io/acme/kv, got ${quote(address)}.`,
    );
  const isDocker = DOCKER.test(host);
  const name = isDocker && !path.includes('/') ? `library/${path}` : path;
  const scheme = insecure || isLoopback(new URL(`http://${host}`).hostname) ? 'http' : 'https';
  const api = serverAddress(`${scheme}://${isDocker ? 'registry-1.docker.io' : host}/v2/`, insecure);
  return { address, registry: isDocker ? 'docker.io' : host, name, api };
}
