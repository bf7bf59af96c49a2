import { OptionsError } from '../../errors.js';
import { quoteText } from '../quote.js';
import type { Address } from './address.js';
import { endsWithHost, type ReattachConfig } from './reattach-config.js';

/** The environment variable in which Terraform and OpenTofu find running providers. */
export const TERRAFORM_REATTACH_VARIABLE = 'TF_REATTACH_PROVIDERS';

/**
 * The value of TF_REATTACH_PROVIDERS for providers in test mode, by source address (`registry.terraform.io/namespace/name`)
 * (terraform main.go parseReattachProviders).
 *
 * @example
 * await using serving = await serveTest({ handshake, plugins: { greeter: Greeter } });
 * const value = terraformReattach({ 'registry.terraform.io/acme/greeter': serving.reattach });
 * console.log(`TF_REATTACH_PROVIDERS='${value}' terraform plan`);
 */
export function terraformReattach(providers: Readonly<Record<string, ReattachConfig>>): string {
  const entries = Object.entries(providers).map(([source, config]) => [
    source,
    {
      Protocol: config.protocol,
      ProtocolVersion: config.protocolVersion,
      Pid: config.pid ?? 0,
      // Without test mode Terraform ends the provider.
      Test: !endsWithHost(config),
      Addr: { Network: config.network, String: config.address },
    },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/**
 * The provider that TF_REATTACH_PROVIDERS names, for a client's option `reattach`. Takes what `terraformReattach`, Terraform's plugin SDKs
 * and Go's encoding of go-plugin's ReattachConfig write, as text or parsed. The address (`registry.terraform.io/namespace/name`, or its
 * end) may be left out when there is one provider. Throws OptionsError for malformed input, for several providers without an address, and
 * for an address that is not there.
 *
 * @example
 * ```ts
 * const json = process.env[TERRAFORM_REATTACH_VARIABLE] ?? '{}';
 * const client = createClient({ reattach: parseTerraformReattach(json, 'hashicorp/random'), handshake, plugins });
 * ```
 */
export function parseTerraformReattach(json: string | object, address?: string): ReattachConfig {
  const providers = typeof json === 'string' ? parse(json) : json;
  if (!isObject(providers)) throw malformed('an object of providers by their addresses', providers);
  const name = nameOf(Object.keys(providers), address);
  return configOf(name, providers[name]);
}

/** Whether a value is, or is likely meant to be, what `parseTerraformReattach` takes. */
export function isTerraformReattach(value: unknown): boolean {
  if (typeof value === 'string') return value.trimStart().startsWith('{');
  return isObject(value) && [value, ...Object.values(value)].some((entry) => isObject(entry) && 'Addr' in entry);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OptionsError(`Expected ${TERRAFORM_REATTACH_VARIABLE} to be JSON, got ${quoteText(text)}.`, { cause });
  }
}

function nameOf(names: readonly string[], address: string | undefined): string {
  const found = names.filter((name) => address === undefined || name === address || name.endsWith(`/${address}`));
  const [name] = address !== undefined && names.includes(address) ? [address] : found;
  const all = names.map((one) => quoteText(one)).join(', ') || 'none';
  if (name === undefined)
    throw new OptionsError(
      address === undefined
        ? `${TERRAFORM_REATTACH_VARIABLE} has no provider. Expected one, by its address.`
        : `${TERRAFORM_REATTACH_VARIABLE} has no provider ${quoteText(address)}. It has ${all}.`,
    );
  if (found.length > 1 && name !== address)
    throw new OptionsError(
      `${TERRAFORM_REATTACH_VARIABLE} has several providers${address === undefined ? '' : ` ${quoteText(address)}`}: ${all}. ` +
        `Say which one: \`parseTerraformReattach(json, ${quoteText(name)})\`.`,
    );
  return name;
}

function configOf(name: string, entry: unknown): ReattachConfig {
  if (!isObject(entry)) throw malformed('an object', entry, name);
  const read = <T>(key: string, fallback: T, isValid: (value: unknown) => boolean, expected: string): T => {
    const value = fieldOf(entry, key) ?? fallback;
    if (!isValid(value)) throw malformed(expected, value, `${name}.${key}`);
    return value as T;
  };
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  // Go leaves a protocol out for net/rpc.
  const isProtocol = (value: unknown): boolean => value === '' || value === 'grpc' || value === 'netrpc';
  const protocol = read<ReattachConfig['protocol'] | ''>('Protocol', '', isProtocol, '`grpc` or `netrpc`');
  const protocolVersion = read('ProtocolVersion', 0, isCount, 'an integer');
  const pid = read('Pid', 0, isCount, 'a process id');
  const test = read('Test', false, (value) => typeof value === 'boolean', 'a boolean');
  const address = addressOf(name, fieldOf(entry, 'Addr'));
  const id = pid === 0 ? {} : { pid };
  return { protocol: protocol === '' ? 'netrpc' : protocol, protocolVersion, ...address, ...id, test };
}

/** `{ Network, String }` of Terraform; `{ Name, Net }` and `{ IP, Port }` as Go encodes the addresses of its net package. */
function addressOf(name: string, given: unknown): Address {
  const fields = isObject(given) ? given : {};
  const tcp = tcpAddressOf(fieldOf(fields, 'IP'), fieldOf(fields, 'Port'));
  const network = fieldOf(fields, 'Network') ?? fieldOf(fields, 'Net') ?? (tcp === undefined ? undefined : 'tcp');
  const address = fieldOf(fields, 'String') ?? fieldOf(fields, 'Name') ?? tcp;
  const isKnown = network === 'unix' || network === 'tcp';
  if (!isKnown || typeof address !== 'string' || address === '')
    throw malformed('`{ "Network": "unix" or "tcp", "String": address }`', given, `${name}.Addr`);
  return { network, address };
}

function tcpAddressOf(ip: unknown, port: unknown): string | undefined {
  if (typeof ip !== 'string' || typeof port !== 'number') return undefined;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** By its name, in any case if need be, as Go reads JSON. */
function fieldOf(entry: Readonly<Record<string, unknown>>, key: string): unknown {
  const name = Object.hasOwn(entry, key)
    ? key
    : Object.keys(entry).find((one) => one.toLowerCase() === key.toLowerCase());
  return name === undefined ? undefined : (entry[name] ?? undefined);
}

function malformed(expected: string, value: unknown, where?: string): OptionsError {
  const subject = where === undefined ? TERRAFORM_REATTACH_VARIABLE : `${where} in ${TERRAFORM_REATTACH_VARIABLE}`;
  return new OptionsError(
    `Expected ${subject} to be ${expected}, got ${quoteText(JSON.stringify(value) ?? 'nothing')}.`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
