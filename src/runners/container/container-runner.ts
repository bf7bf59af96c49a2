import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AsyncSubject, type Observable } from 'rxjs';
import { ClosedError, StartError } from '../../errors.js';
import { untilAborted } from '../../streams/until-aborted.js';
import type { Address, AddressTranslator } from '../../wire/handshake/address.js';
import { formatLogLine } from '../../wire/logs/format-line.js';
import type { Exit, Runner, RunnerFactory, RunnerSpec } from '../runner.js';
import { startAborted } from '../start-aborted.js';
import { containerAddresses, type SharedDir } from './addresses.js';
import { checkMounts, containerConfig, defaultUser, sharedDirOf } from './config.js';
import { diagnoseContainer, explainKill, explainRefusal } from './diagnose.js';
import { ContainerEngine, type EngineResponse } from './engine.js';
import { resolveEngineOptions } from './engine-options.js';
import { textOf } from './json.js';
import { type ContainerOptions, type ResolvedContainerOptions, resolveContainerOptions } from './options.js';
import { ContainerOutput } from './output.js';
import { type ContainerEnd, RunningContainer } from './running-container.js';

const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/**
 * Runs plugins in containers of a Docker-compatible engine (Docker, podman), by its API over a unix socket. Host and plugin share one
 * directory for their sockets. By default the container has no network, no capability, and limits. Throws OptionsError.
 *
 * @example
 * createClient({ runner: containerRunner({ image: 'greeter:1' }), handshake, plugins });
 */
export function containerRunner(options: ContainerOptions): RunnerFactory {
  const resolved = resolveContainerOptions(options);
  return (spec) => new ContainerRunner(spec, resolved);
}

class ContainerRunner implements Runner {
  readonly name: string;
  readonly exit$: Observable<Exit>;
  readonly #spec: RunnerSpec;
  readonly #options: ResolvedContainerOptions;
  readonly #engine: ContainerEngine;
  readonly #killTimeoutMs: number;
  readonly #dir: SharedDir;
  readonly #addresses: AddressTranslator;
  readonly #output = new ContainerOutput();
  readonly #exits = new AsyncSubject<Exit>();
  #container: RunningContainer | undefined;
  #end: ContainerEnd | undefined;
  #launching: Promise<void> | undefined;
  #killing: Promise<void> | undefined;
  #createSent = false;

  constructor(spec: RunnerSpec, options: ResolvedContainerOptions) {
    const { engine, requestTimeoutMs, killTimeoutMs } = resolveEngineOptions(options);
    this.name = options.image;
    this.exit$ = this.#exits.asObservable();
    this.#spec = spec;
    this.#options = options;
    this.#engine = new ContainerEngine({ socketPath: engine, timeoutMs: requestTimeoutMs });
    this.#killTimeoutMs = killTimeoutMs;
    this.#dir = sharedDirOf(spec, options);
    this.#addresses = containerAddresses(this.#dir, options.network);
  }

  get id(): string {
    return this.#container?.id ?? '';
  }

  get stdout(): Readable {
    return this.#output.stdout;
  }

  get stderr(): Readable {
    return this.#output.stderr;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#launching !== undefined || this.#killing !== undefined)
      throw new ClosedError(
        'ERR_CLOSED',
        `A container of ${this.name} was started or killed before: a runner runs once.`,
      );
    // Continues after an abort: only its outcome tells whether there is a container to remove.
    this.#launching = this.#launch(signal);
    await untilAborted(this.#launching, signal, () => startAborted(signal, this.name));
  }

  diagnose(): Promise<string> {
    return diagnoseContainer(this.#engine, this.#options, {
      end: this.#end,
      stderrHead: this.#output.stderrHead,
    });
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return this.#addresses.pluginToHost(address);
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return this.#addresses.hostToPlugin(address);
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  ref(): void {
    this.#container?.ref();
    this.#output.ref();
  }

  unref(): void {
    this.#container?.unref();
    this.#output.unref();
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const containerName = `rxplug-${randomBytes(8).toString('hex')}`;
    try {
      checkMounts(this.#options.mounts);
      const user = this.#options.user ?? (await defaultUser(this.#engine, signal));
      signal.throwIfAborted();
      const container = await this.#create(containerName, user);
      signal.throwIfAborted();
      await this.#attach(container.id, signal);
      await this.#start(container.id, signal);
      container.watch((end) => this.#ended(end));
    } catch (error) {
      await this.#cleanUp(containerName);
      throw signal.aborted ? startAborted(signal, this.name) : error;
    }
  }

  async #create(containerName: string, user: string | undefined): Promise<RunningContainer> {
    this.#createSent = true;
    const response = await this.#engine.call('POST', '/containers/create', {
      query: { name: containerName },
      body: containerConfig(this.#spec, this.#options, this.#dir, user),
    });
    const id = textOf(response.body, 'Id');
    if (response.status !== 201 || id === undefined) throw this.#refused(response);
    const container = new RunningContainer(this.#engine, id, this.#killTimeoutMs);
    container.exit$.subscribe(this.#exits);
    this.#container = container;
    return container;
  }

  async #attach(id: string, signal: AbortSignal): Promise<void> {
    const outcome = await this.#engine.stream('POST', `/containers/${id}/attach`, {
      query: { stream: '1', stdout: '1', stderr: '1' },
      signal,
    });
    if (!('socket' in outcome)) throw this.#refused(outcome);
    this.#output.attach(outcome.socket, outcome.head);
  }

  async #start(id: string, signal: AbortSignal): Promise<void> {
    const response = await this.#engine.call('POST', `/containers/${id}/start`, { signal });
    if (response.status !== 204) throw this.#refused(response);
  }

  async #ended(end: ContainerEnd): Promise<void> {
    this.#end = end;
    const message = explainKill(end, this.#options.limits);
    const record = { level: 'error', message, fields: {}, module: 'container' } as const;
    await this.#output.finish(message === '' ? '' : formatLogLine(record, { epochMs: Date.now() }));
  }

  /** The start has failed: removes the container, also one whose creation the engine did not confirm. */
  async #cleanUp(containerName: string): Promise<void> {
    const container = this.#container;
    if (container !== undefined) await container.kill().catch(() => {});
    else if (this.#createSent) await removeByName(this.#engine, containerName);
    await this.#finish();
  }

  async #kill(): Promise<void> {
    await this.#launching?.catch(() => {});
    await this.#container?.kill();
    await this.#finish();
  }

  async #finish(): Promise<void> {
    await this.#output.finish();
    this.#exits.next(UNKNOWN_EXIT);
    this.#exits.complete();
  }

  #refused({ message }: EngineResponse): StartError {
    return new StartError('ERR_SPAWN', explainRefusal(message, this.#options));
  }
}

async function removeByName(engine: ContainerEngine, name: string): Promise<void> {
  await engine.call('DELETE', `/containers/${name}`, { query: { force: '1', v: '1' } }).catch(() => {});
}
