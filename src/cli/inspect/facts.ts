import { firstValueFrom } from 'rxjs';
import { PluginError, RemoteError } from 'rxplug';
import { createGrpcClient, type GrpcChannel, GrpcError } from 'rxplug/grpc';
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
} from '../../protocols/grpc/gen/grpc/health/v1/health.js';
import type { NetRpcStarted, StartedPlugin } from '../target/started-plugin.js';
import { describeCertificate, type InspectedCertificate, refusesStrangers } from './certificate.js';
import type { StartRecord } from './start-record.js';

/** What is found out of a plugin besides its services. What is undefined was not looked for, or cannot be told. */
export interface Facts {
  /** The plugin's line on stdout, as it was printed. */
  readonly line?: string | undefined;
  /** From the start of the process to that line. */
  readonly lineMs?: number | undefined;
  /** Whether its socket is in the directory that was asked for. */
  readonly socketInDirectory?: boolean | undefined;
  readonly certificate?: InspectedCertificate | undefined;
  /** A client without a certificate is refused. */
  readonly refusesStrangers?: boolean | undefined;
  /** What its health service says of `plugin` and of the server as a whole. */
  readonly health?: { readonly plugin: string; readonly server: string };
  readonly netRpc?: NetRpcFacts;
}

export interface NetRpcFacts {
  /** How long `Control.Ping` took; the streams for control, stdout and stderr were open by then. */
  readonly pingMs: number;
  /** What came of `--dispense NAME`. */
  readonly dispensed?: { readonly name: string; readonly error: string | undefined };
}

const HEALTH_MS = 5000;

/** Asks a plugin that runs. */
export async function findFacts(plugin: StartedPlugin, record: StartRecord): Promise<Facts> {
  const { serverCertificate, address } = record.handshake ?? {};
  const isSecured = plugin.autoMtls && address !== undefined;
  return {
    line: record.line,
    lineMs: record.lineMs === undefined ? undefined : Math.round(record.lineMs),
    socketInDirectory: record.isInSocketDir,
    certificate: serverCertificate === undefined ? undefined : describeCertificate(serverCertificate),
    refusesStrangers: isSecured ? await refusesStrangers(address, plugin.protocol).catch(() => undefined) : undefined,
    ...(plugin.protocol === 'grpc'
      ? { health: await healthOf(plugin.channel) }
      : { netRpc: await netRpcFacts(plugin) }),
  };
}

async function healthOf(channel: GrpcChannel): Promise<{ readonly plugin: string; readonly server: string }> {
  const client = createGrpcClient(channel, HealthDefinition);
  const ask = async (service: string): Promise<string> => {
    try {
      const { status } = await firstValueFrom(client.check({ service }, { timeoutMs: HEALTH_MS }));
      return Status[status] ?? `status ${status}`;
    } catch (error) {
      if (!GrpcError.is(error)) throw error;
      return error.statusName === 'UNIMPLEMENTED' ? 'no health service' : error.statusName;
    }
  };
  const [plugin, server] = await Promise.all([ask('plugin'), ask('')]);
  return { plugin, server };
}

async function netRpcFacts(plugin: NetRpcStarted): Promise<NetRpcFacts> {
  const { objectName: name } = plugin;
  const begin = performance.now();
  await plugin.client.ping();
  const pingMs = Math.round(performance.now() - begin);
  if (name === undefined) return { pingMs };
  try {
    await plugin.dispense();
    return { pingMs, dispensed: { name, error: undefined } };
  } catch (error) {
    if (!RemoteError.is(error) && !PluginError.is(error)) throw error;
    return { pingMs, dispensed: { name, error: (error as Error).message } };
  }
}
