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
import { diagnoseContainer, explainDeath, explainRefusal } from './diagnose.js';
import { ContainerEngine, type EngineAnswer } from './engine.js';
import { resolveEngineOptions } from './engine-options.js';
import { textOf } from './json.js';
import { type ContainerEnd, ContainerLife } from './life.js';
import { type ContainerOptions, type ResolvedContainerOptions, resolveContainerOptions } from './options.js';
import { ContainerOutput } from './output.js';

const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/**
 * Runs plugins in containers of a Docker-compatible engine (Docker, podman), by its API over a unix socket. The host and the plugin
 * share one directory, in which their sockets are; the container has no network, no capability, and limits, unless the options say
 * otherwise. Throws OptionsError.
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
  #life: ContainerLife | undefined;
  #end: ContainerEnd | undefined;
  #launching: Promise<void> | undefined;
  #killing: Promise<void> | undefined;
  #sent = false;

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
    return this.#life?.id ?? '';
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
    // Goes on when it is given up: only then is it known whether there is a container to remove.
    this.#launching = this.#launch(signal);
    await untilAborted(this.#launching, signal, () => startAborted(signal, this.name));
  }

  diagnose(): Promise<string> {
    return diagnoseContainer(this.#engine, this.#options, {
      end: this.#end,
      firstWords: this.#output.firstWords,
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
    this.#life?.hold(true);
    this.#output.hold(true);
  }

  unref(): void {
    this.#life?.hold(false);
    this.#output.hold(false);
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const containerName = `rxplug-${randomBytes(8).toString('hex')}`;
    try {
      checkMounts(this.#options.mounts);
      const user = this.#options.user ?? (await defaultUser(this.#engine, signal));
      signal.throwIfAborted();
      const life = await this.#create(containerName, user);
      signal.throwIfAborted();
      await this.#attach(life.id, signal);
      await this.#begin(life.id, signal);
      life.watch((end) => this.#ended(end));
    } catch (error) {
      await this.#abandon(containerName);
      throw signal.aborted ? startAborted(signal, this.name) : error;
    }
  }

  async #create(containerName: string, user: string | undefined): Promise<ContainerLife> {
    this.#sent = true;
    const answer = await this.#engine.call('POST', '/containers/create', {
      query: { name: containerName },
      body: containerConfig(this.#spec, this.#options, this.#dir, user),
    });
    const id = textOf(answer.body, 'Id');
    if (answer.status !== 201 || id === undefined) throw this.#refused(answer);
    const life = new ContainerLife(this.#engine, id, this.#killTimeoutMs);
    life.exit$.subscribe(this.#exits);
    this.#life = life;
    return life;
  }

  async #attach(id: string, signal: AbortSignal): Promise<void> {
    const outcome = await this.#engine.stream('POST', `/containers/${id}/attach`, {
      query: { stream: '1', stdout: '1', stderr: '1' },
      signal,
    });
    if (!('socket' in outcome)) throw this.#refused(outcome);
    this.#output.attach(outcome.socket, outcome.head);
  }

  async #begin(id: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#engine.call('POST', `/containers/${id}/start`, { signal });
    if (answer.status !== 204) throw this.#refused(answer);
  }

  async #ended(end: ContainerEnd): Promise<void> {
    this.#end = end;
    const message = explainDeath(end, this.#options.limits);
    const record = { level: 'error', message, fields: {}, module: 'container' } as const;
    await this.#output.finish(message === '' ? '' : formatLogLine(record, { epochMs: Date.now() }));
  }

  /** The start has failed: no container stays behind, not even one of whose making the engine did not tell. */
  async #abandon(containerName: string): Promise<void> {
    const life = this.#life;
    if (life !== undefined) await life.kill().catch(() => {});
    else if (this.#sent) await removeByName(this.#engine, containerName);
    await this.#vanish();
  }

  async #kill(): Promise<void> {
    await this.#launching?.catch(() => {});
    await this.#life?.kill();
    await this.#vanish();
  }

  async #vanish(): Promise<void> {
    await this.#output.finish();
    this.#exits.next(UNKNOWN_EXIT);
    this.#exits.complete();
  }

  #refused({ message }: EngineAnswer): StartError {
    return new StartError('ERR_SPAWN', explainRefusal(message, this.#options));
  }
}

async function removeByName(engine: ContainerEngine, name: string): Promise<void> {
  await engine.call('DELETE', `/containers/${name}`, { query: { force: '1', v: '1' } }).catch(() => {});
}
