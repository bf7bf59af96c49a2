import { OptionsError } from '../../errors.js';
import type { Address } from './address.js';
import type { ProtocolName } from './handshake-line.js';

/**
 * How to connect to a running plugin (go-plugin ReattachConfig). Plain JSON, so that another process can read it.
 */
export interface ReattachConfig {
  readonly protocol: ProtocolName;
  /** The application protocol version that was negotiated. */
  readonly protocolVersion: number;
  readonly network: Address['network'];
  /** Path of a unix socket, or host:port. */
  readonly address: string;
  /** The runner's id: a pid in decimal, a container id. */
  readonly id?: string;
  /** Set when the plugin is a process of this machine. */
  readonly pid?: number;
  /** Start time of that process, in the system's units: it tells the plugin from a later process with the same pid. */
  readonly startTime?: string;
  /** The plugin serves in test mode: hosts never end it. */
  readonly test: boolean;
  /**
   * Whether `stop` ends the plugin, as it does without this unless `test` is set. With false a host only closes its connection: the plugin
   * is neither asked to end nor killed.
   */
  readonly ends?: boolean;
}

/** A ReattachConfig of which all but network and address may be missing. A missing protocol means net/rpc, as in go-plugin. */
export type PartialReattachConfig = Pick<ReattachConfig, 'network' | 'address'> & {
  readonly protocol?: ProtocolName | '';
} & Partial<Omit<ReattachConfig, 'network' | 'address' | 'protocol'>>;

/** Validates a reattach config and fills in what is missing. Throws OptionsError. */
export function resolveReattachConfig(given: PartialReattachConfig): ReattachConfig {
  const { protocol = '', protocolVersion = 0, network, address, id, pid, startTime, test = false, ends } = given;
  check('protocol', protocol, ['', 'grpc', 'netrpc'].includes(protocol), '`grpc` or `netrpc`');
  check('protocolVersion', protocolVersion, Number.isSafeInteger(protocolVersion), 'an integer');
  check('network', network, network === 'unix' || network === 'tcp', '`unix` or `tcp`');
  check('address', address, typeof address === 'string' && address !== '', "a socket's path or host:port");
  check('id', id, id === undefined || (typeof id === 'string' && id !== ''), 'a non-empty string');
  check('pid', pid, pid === undefined || (Number.isSafeInteger(pid) && pid > 0), 'a positive integer');
  check('startTime', startTime, startTime === undefined || typeof startTime === 'string', 'a string');
  check('test', test, typeof test === 'boolean', 'a boolean');
  check('ends', ends, ends === undefined || typeof ends === 'boolean', 'a boolean');
  check('ends', ends, !(ends === true && test), 'false or missing beside `test: true`: hosts never end such a plugin');
  return {
    protocol: protocol === '' ? 'netrpc' : protocol,
    protocolVersion,
    network,
    address,
    ...(id === undefined ? {} : { id }),
    ...(pid === undefined ? {} : { pid }),
    ...(startTime === undefined ? {} : { startTime }),
    test,
    ...(ends === undefined ? {} : { ends }),
  };
}

/** Whether `stop` of a host that has reattached ends the plugin. */
export function endsWithHost({ test, ends = !test }: ReattachConfig): boolean {
  return ends;
}

function check(name: string, value: unknown, valid: boolean, expected: string): void {
  if (!valid) throw new OptionsError(`Expected \`reattach.${name}\` to be ${expected}, got ${JSON.stringify(value)}.`);
}
