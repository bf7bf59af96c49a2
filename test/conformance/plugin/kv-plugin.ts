/** Our counterpart of the Go plugin program: the same services, the same flags (`test/conformance/go/plugin/flags.go`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  grpcPlugin,
  implement,
  type PluginImplementations,
  type ProtocolName,
  type ServeOptions,
  serve,
  serveTest,
  type TlsConfig,
} from 'rxplug';
import { serveEndpoint } from 'rxplug/endpoint';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { ProbeDefinition } from '../gen/probe.js';
import { greeter, kv, probe } from '../netrpc-contracts.js';
import { type ProgramFlags, parseFlags } from './flags.js';
import { kvService } from './kv-service.js';
import { netRpcGreeter } from './netrpc-greeter.js';
import { netRpcKv } from './netrpc-kv.js';
import { Gates, netRpcProbe } from './netrpc-probe.js';
import { probeService } from './probe-service.js';
import { ProcessControl } from './process-control.js';
import { Store } from './store.js';

const flags = parseFlags(process.argv.slice(2));
const control = new ProcessControl();
const store = new Store();
const gates = new Gates();

await delay(flags.startDelayMs);
if (flags.endpoint !== '') await serveAtEndpoint(flags);
else if (flags.test) await serveForTest(flags);
else await serve(serveOptions(flags));
if (flags.hangs) setInterval(() => {}, 60_000);
else await delay(flags.slowShutdownMs);

/** The reattach configuration goes to stdout as one line of JSON, the end of stdin ends the serving. */
async function serveForTest({ testStdio }: ProgramFlags): Promise<void> {
  const served = await serveTest(serveOptions(flags), { syncStdio: testStdio });
  process.stdout.write(`${JSON.stringify(served.reattach)}\n`);
  process.stdin.resume().once('end', () => void served.close());
  await served.ended;
}

/** The address goes to stdout as one line. */
async function serveAtEndpoint({ endpoint: address }: ProgramFlags): Promise<void> {
  const served = await serveEndpoint({ ...serveOptions(flags), address, grpcBrokerMultiplex: true });
  process.stdout.write(`${served.address}\n`);
  await served.ended;
}

function serveOptions(given: ProgramFlags): ServeOptions {
  return {
    handshake: {
      protocolVersion: given.appVersion,
      magicCookieKey: given.cookieKey,
      magicCookieValue: given.cookieValue,
    },
    logger: control.logger,
    ...(given.grpcEngine === '' ? {} : { grpcEngine: given.grpcEngine }),
    ...(given.tcp ? { network: 'tcp' } : {}),
    ...(given.tlsDir === '' && !given.tlsError ? {} : { tlsProvider: () => tlsOf(given) }),
    ...(given.hangs || given.slowShutdownMs > 0 ? { exitGraceMs: 2 ** 31 - 1 } : {}),
    ...(given.versions === undefined
      ? { plugins: setOf(given.appVersion, given.protocol) }
      : { versionedPlugins: setsOf(given.versions) }),
  };
}

function setsOf(versions: ReadonlyMap<number, ProtocolName>): Record<number, PluginImplementations> {
  return Object.fromEntries([...versions].map(([version, protocol]) => [version, setOf(version, protocol)]));
}

function setOf(version: number, protocol: ProtocolName): PluginImplementations {
  if (protocol === 'netrpc') {
    return {
      kv: implement(kv, netRpcKv(store)),
      greeter: implement(greeter, netRpcGreeter()),
      probe: implement(probe, netRpcProbe(control, gates, version)),
    };
  }
  return {
    kv: implement(grpcPlugin(KVDefinition), kvService(store)),
    probe: implement(grpcPlugin(ProbeDefinition), ({ broker }) => probeService(control, version, broker)),
  };
}

function tlsOf({ tlsDir, tlsError }: ProgramFlags): TlsConfig {
  if (tlsError) throw new Error('the TLS provider fails as told');
  const read = (name: string) => readFileSync(join(tlsDir, name), 'utf8');
  return { cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem'), serverName: 'localhost' };
}
