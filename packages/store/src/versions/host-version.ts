import { satisfies, valid } from 'semver';
import { StoreError } from '../errors.js';
import { quote } from '../quote.js';

/** The application that the plugins are for. */
export interface HostVersion {
  /** Its name, as `hosts` of a manifest has it. */
  readonly name: string;
  /** Its semantic version. With another text, such as `dev`, every plugin is taken, with a warning. */
  readonly version: string;
}

/** What a manifest says of applications. */
export interface HostRanges {
  readonly hosts?: Readonly<Record<string, string>>;
}

/**
 * Whether a plugin takes a version of the application. A prerelease of the application counts as its version: `4.0.0-rc.1` is in `>=3.2`.
 * A manifest that does not name the application takes every version of it.
 */
export function takesHost(manifest: HostRanges, host: HostVersion | undefined): boolean {
  const range = rangeOf(manifest, host);
  if (host === undefined || range === undefined || valid(host.version) === null) return true;
  return satisfies(host.version, range, { includePrerelease: true });
}

/** What to warn of: a version that cannot be compared with the range; undefined where there is nothing to compare. */
export function hostWarning(what: string, manifest: HostRanges, host: HostVersion | undefined): string | undefined {
  const range = rangeOf(manifest, host);
  if (host === undefined || range === undefined || valid(host.version) !== null) return undefined;
  return (
    `${what} is for ${host.name} ${range}, and the version of this ${host.name} is ${quote(host.version)}, which is no semantic version. ` +
    'It is taken without a check.'
  );
}

/** The error for a plugin that does not take the application. `fitting` is the newest version of it that does. */
export function hostMismatch(
  what: string,
  manifest: HostRanges,
  host: HostVersion,
  fitting: string | undefined,
): StoreError {
  const advice =
    fitting === undefined
      ? `Update ${host.name}, or choose other versions of the plugin.`
      : `The newest version that fits is ${fitting}.`;
  return new StoreError(
    'ERR_HOST_VERSION',
    `${what} is for ${host.name} ${rangeOf(manifest, host)}, and this is ${host.name} ${host.version}. ${advice}`,
  );
}

function rangeOf({ hosts }: HostRanges, host: HostVersion | undefined): string | undefined {
  return hosts !== undefined && host !== undefined && Object.hasOwn(hosts, host.name) ? hosts[host.name] : undefined;
}
