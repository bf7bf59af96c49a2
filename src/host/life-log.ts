import type { Exit, RunningPlugin, StopReason } from '../streams/lifecycle.js';
import type { LogFields, Logger } from '../wire/logs/logger.js';
import { disagreements } from '../wire/manifest/agreement.js';
import type { PluginManifest } from '../wire/manifest/manifest.js';
import type { ResolvedLaunch } from './launch-options.js';

/** The host's own remarks on the life of one plugin: start, ready, stop, kill and exit, with reasons and durations. */
export class LifeLog {
  readonly #logger: Logger;
  #startedAtMs: number | undefined;
  #runningAtMs: number | undefined;
  #stoppingAtMs: number | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  starting(launch: ResolvedLaunch): void {
    this.#startedAtMs = performance.now();
    this.#logger.debug('starting the plugin', describeLaunch(launch));
  }

  ready(plugin: RunningPlugin, manifest: PluginManifest | undefined): void {
    this.#runningAtMs = performance.now();
    const { id, protocol, protocolVersion } = plugin;
    const ms = elapsed(this.#startedAtMs, this.#runningAtMs);
    const version = manifest === undefined ? {} : { version: manifest.version };
    this.#logger.info('the plugin is ready', { id, ...version, protocol, protocolVersion, ms });
    for (const remark of manifest === undefined ? [] : disagreements(manifest, plugin)) this.#logger.warn(remark);
  }

  /** The first reason counts; a plugin that has crashed is not being stopped. */
  stopping(reason: StopReason): void {
    this.#stoppingAtMs = performance.now();
    if (reason.kind === 'stopped' && this.#startedAtMs !== undefined) this.#logger.debug('stopping the plugin');
  }

  killing(): void {
    const waitedMs = elapsed(this.#stoppingAtMs);
    this.#logger.warn('killing the plugin: it did not end by itself', { waitedMs });
  }

  /** The last remark. */
  ended(reason: StopReason, exit: Exit | undefined): void {
    if (this.#startedAtMs === undefined) return;
    const how = exit === undefined ? {} : { code: exit.code, signal: exit.signal };
    if (reason.kind === 'failed') {
      const ms = elapsed(this.#startedAtMs, this.#stoppingAtMs);
      this.#logger.error('the plugin did not start', { error: reason.error, ...how, ms });
      return;
    }
    const fields: LogFields = { reason: reason.kind, ...how, ranMs: elapsed(this.#runningAtMs, this.#stoppingAtMs) };
    if (reason.kind === 'crashed') this.#logger.error('the plugin exited, and nobody had asked it to', fields);
    else this.#logger.info(exit === undefined ? 'the plugin was left' : 'the plugin has exited', fields);
  }
}

function describeLaunch(launch: ResolvedLaunch): LogFields {
  switch (launch.kind) {
    case 'command':
      return { command: launch.process.command };
    case 'runner':
      return { by: 'a runner of the application' };
    case 'reattach':
      return { reattach: launch.config.address };
    case 'sidecar':
      return { sidecar: launch.name, directory: launch.directory };
    case 'endpoint':
      return { endpoint: launch.address.address };
  }
}

/** Whole milliseconds. */
function elapsed(fromMs: number | undefined, toMs = performance.now()): number {
  return fromMs === undefined ? 0 : Math.round(toMs - fromMs);
}
