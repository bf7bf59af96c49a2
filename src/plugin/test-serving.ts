import { PassThrough } from 'node:stream';
import { untilAborted } from '../streams/until-aborted.js';
import { parsePluginEnvironment } from '../wire/handshake/environment.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import type { Logger } from '../wire/logs/logger.js';
import { pluginLogger } from './logger.js';
import { resolveServeOptions, type ServeOptions } from './options.js';
import type { PluginParts } from './parts.js';
import { beginServing, type Serving } from './serving.js';
import { StdioCapture } from './stdio-capture.js';

/** How a plugin is served within a test. */
export interface ServeTestOptions {
  /** Ends the serving. */
  readonly signal?: AbortSignal;
  /** Carries what this process prints to hosts as well; it still goes to the real streams. @default false */
  readonly syncStdio?: boolean;
}

/** For who has put the plugin together. */
export interface TestServingHooks {
  /** Called when serving has ended, before `ended` resolves. */
  readonly onEnded?: () => Promise<void>;
}

/** A plugin that is served within this process, for tests and debuggers. */
export interface TestServing extends AsyncDisposable {
  /** What a host reattaches with; it never ends the plugin. */
  readonly reattach: ReattachConfig;
  /** Resolves when serving has ended: by the signal, by `close`, or because a host asked for it. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends the serving. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves plugins in test mode (go-plugin server.go ServeTestConfig): within this process, without cookie, handshake line and taking
 * over of interrupts, and without ever ending the process. Resolves when hosts can come; rejects when the plugin cannot be served.
 */
export async function serveTest(
  options: ServeOptions,
  parts: PluginParts,
  { signal, syncStdio = false, onEnded }: ServeTestOptions & TestServingHooks = {},
): Promise<TestServing> {
  signal?.throwIfAborted();
  const logger = options.logger ?? pluginLogger();
  const capture = syncStdio ? new StdioCapture({ tee: true }) : undefined;
  const output = capture ?? { stdout: new PassThrough(), stderr: new PassThrough() };
  capture?.start();
  const endOutput = (): void => capture?.stop();
  try {
    const environment = parsePluginEnvironment(process.env);
    const serving = await beginServing({
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
    this.ended = this.#live(serving, options);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #live(serving: Serving, { endOutput, logger, signal, onEnded }: TestServerOptions): Promise<void> {
    const unwanted = AbortSignal.any(signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal]);
    try {
      await untilAborted(serving.ended, unwanted).catch(() => {});
      await serving.shutdown();
      await serving.close();
      await onEnded?.();
    } catch (error) {
      logger.error('the plugin did not end well', { error });
    } finally {
      endOutput();
    }
  }
}
