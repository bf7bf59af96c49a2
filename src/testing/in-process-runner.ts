import { PassThrough, type Writable } from 'node:stream';
import { assemblePlugin, SERVE_OPTION_NAMES } from '../di/assemble-plugin.js';
import type { ServeOptions } from '../di/serve-options.js';
import type { AssembledPlugin, PluginEquipment } from '../plugin/assembled-plugin.js';
import { resolveServeOptions } from '../plugin/options.js';
import { startServing } from '../plugin/serving.js';
import { parsePluginEnvironment } from '../wire/handshake/environment.js';
import { requireOptions } from '../wire/option-names.js';
import type { FakePlugin } from './fake-plugin.js';
import { type FakeRunner, fakeRunner } from './fake-runner.js';

/** The options of `serve`, without those that end a process. */
export interface InProcessOptions extends Omit<ServeOptions, 'exitGraceMs' | 'exitWithHost'> {
  /** Called at each start with the plugin's stdout and stderr, which the host gets as `syncStdout` and `syncStderr`. */
  readonly program?: (output: { readonly stdout: Writable; readonly stderr: Writable }) => void;
}

/**
 * A runner factory whose plugins serve within this process. Magic cookie, negotiation, AutoMTLS, sockets, handshake and shutdown are
 * those of a real plugin. `exit` of its `plugins` makes one crash. What this process prints is not captured.
 *
 * @example
 * ```ts
 * const runner = inProcessRunner({ handshake, plugins: { kv: KvStore } });
 * await using client = createClient({ runner, handshake, plugins });
 * await client.start();
 * void runner.plugins[0]!.exit({ signal: 'SIGSEGV' });
 * ```
 */
export function inProcessRunner(options: InProcessOptions): FakeRunner {
  requireOptions('inProcessRunner', options, [...SERVE_OPTION_NAMES, 'program']);
  return fakeRunner((plugin) => serveIn(plugin, options), { name: 'in-process-plugin' });
}

async function serveIn(plugin: FakePlugin, { program, ...options }: InProcessOptions): Promise<void> {
  const { magicCookieKey, magicCookieValue } = options.handshake;
  if (plugin.spec.env[magicCookieKey] !== magicCookieValue) {
    plugin.writeStderr('This program is a plugin: the host gave it no magic cookie, or another one.\n');
    return await plugin.exit({ code: 1 });
  }
  const logger = options.logger ?? plugin.logger;
  const assembled = assemblePlugin({ ...options, logger });
  plugin.onExit(() => assembled[Symbol.asyncDispose]());
  const output = { stdout: new PassThrough(), stderr: new PassThrough() };
  try {
    await serveAssembled(plugin, assembled, await assembled.equip(logger), output);
  } catch (error) {
    logger.error('the plugin cannot be served', { error });
    return await plugin.exit({ code: 1 });
  }
  program?.(output);
}

async function serveAssembled(
  plugin: FakePlugin,
  { options }: AssembledPlugin,
  { parts, logger }: PluginEquipment,
  output: { readonly stdout: PassThrough; readonly stderr: PassThrough },
): Promise<void> {
  const environment = parsePluginEnvironment(plugin.spec.env);
  const serving = await startServing({
    options: resolveServeOptions(options),
    parts,
    logger,
    environment,
    output,
    endOutput: () => endAll(output),
  });
  plugin.onExit(() => serving.close());
  const { version: appVersion, address, protocol, serverCertificate } = serving;
  plugin.announce({
    appVersion,
    address,
    protocol,
    multiplexing: environment.multiplexRequested,
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
  });
  void serving.ended.then(() => serving.shutdown()).then(() => plugin.exit());
}

function endAll(output: Readonly<Record<string, Writable>>): void {
  for (const stream of Object.values(output)) stream.end();
}
