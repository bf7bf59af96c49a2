import { PassThrough } from 'node:stream';
import { untilAborted } from '../streams/until-aborted.js';
import { parsePluginEnvironment } from '../wire/handshake/environment.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import type { Logger } from '../wire/logs/logger.js';
import type { AssembledPlugin } from './assembled-plugin.js';
import { pluginLogger } from './logger.js';
import { resolveServeOptions } from './options.js';
import { type Serving, startServing } from './serving.js';
import { StdioCapture } from './stdio-capture.js';

/** The options of `serveTest`. */
export interface ServeTestOptions {
  /** Ends the serving when it is aborted. */
  readonly signal?: AbortSignal;
  /** Sends this process's stdout and stderr to the host as well; they still go to the real streams. @default false */
  readonly syncStdio?: boolean;
}

/** For the owner of the plugin's container. */
export interface TestServingHooks {
  /** Called when serving has ended, before `ended` resolves. */
  readonly onEnded?: () => Promise<void>;
}

/** A plugin that is served in this process, for tests and debuggers. */
export interface TestServing extends AsyncDisposable {
  /** For the host's option `reattach`. A host never ends a plugin that it reached with this. */
  readonly reattach: ReattachConfig;
  /** Resolves when serving has ended: by the signal, by `close`, or at a host's request. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends the serving. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves plugins in test mode (go-plugin server.go ServeTestConfig): in this process, without magic cookie, handshake line and signal
 * handlers, and without ending the process. Resolves when hosts can connect; rejects when the plugin cannot be served.
 */
export async function serveTest(
  plugin: AssembledPlugin,
  { signal, syncStdio = false, onEnded }: ServeTestOptions & TestServingHooks = {},
): Promise<TestServing> {
  signal?.throwIfAborted();
  const { options } = plugin;
  const { parts, logger } = await plugin.equip(options.logger ?? pluginLogger());
  const capture = syncStdio ? new StdioCapture({ tee: true }) : undefined;
  const output = capture ?? { stdout: new PassThrough(), stderr: new PassThrough() };
  capture?.start();
  const endOutput = (): void => capture?.stop();
  try {
    const environment = parsePluginEnvironment(process.env);
    const serving = await startServing({
      options: resolveServeOptions(options),
      parts,
      logger,
      environment,
      output,
      endOutput,
    });
    return new TestServer(serving, { endOutput, logger, signal, onEnded });
  } catch (error) {
    endOutput();
    throw error;
  }
}

interface TestServerOptions {
  readonly endOutput: () => void;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
  readonly onEnded: (() => Promise<void>) | undefined;
}

class TestServer implements TestServing {
  readonly reattach: ReattachConfig;
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  constructor(serving: Serving, options: TestServerOptions) {
    const { protocol, version: protocolVersion, address } = serving;
    this.reattach = { protocol, protocolVersion, ...address, pid: process.pid, test: true };
    this.ended = this.#serveUntilStopped(serving, options);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serveUntilStopped(serving: Serving, { endOutput, logger, signal, onEnded }: TestServerOptions): Promise<void> {
    const stopped = AbortSignal.any(signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal]);
    try {
      await untilAborted(serving.ended, stopped).catch(() => {});
      await serving.shutdown();
      await serving.close();
      await onEnded?.();
    } catch (error) {
      logger.error('the plugin failed to stop', { error });
    } finally {
      endOutput();
    }
  }
}
