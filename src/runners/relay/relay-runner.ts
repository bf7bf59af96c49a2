import { tmpdir } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import { firstValueFrom, type Observable } from 'rxjs';
import { StartError } from '../../errors.js';
import { settledWithin } from '../../streams/settled-within.js';
import { untilAborted } from '../../streams/until-aborted.js';
import type { YamuxSession } from '../../transports/yamux/session.js';
import type { Address } from '../../wire/handshake/address.js';
import { drainOutputs, PluginOutput } from '../plugin-output.js';
import type { Exit, Runner, RunnerFactory, RunnerSpec } from '../runner.js';
import { RunnerLife, UNKNOWN_EXIT } from '../runner-life.js';
import { Carrier } from './carrier.js';
import { Forwards } from './forwards.js';
import { type RelayAnswer, readMessage, sendLine } from './messages.js';
import { type RelayOptions, type ResolvedRelayOptions, resolveRelayOptions } from './options.js';

/**
 * Runs a plugin wherever a command gives a pipe to: over ssh, in a container that runs already, in a job of a cluster. Over there
 * `rxplug relay` starts it, and ends it when the connection ends. Throws OptionsError.
 *
 * @example
 * createClient({ runner: relayRunner({ carrier: ['ssh', 'build1'], command: ['/opt/plugin'] }), handshake, plugins });
 */
export function relayRunner(options: RelayOptions): RunnerFactory {
  const resolved = resolveRelayOptions(options);
  return (spec) => new RelayRunner(spec, resolved);
}

class RelayRunner implements Runner {
  readonly name: string;
  readonly exit$: Observable<Exit>;
  readonly #spec: RunnerSpec;
  readonly #options: ResolvedRelayOptions;
  readonly #stdout = new PluginOutput();
  readonly #stderr = new PluginOutput();
  readonly #life: RunnerLife;
  #id = '';
  #carrier: Carrier | undefined;
  #session: YamuxSession | undefined;
  #control: Duplex | undefined;
  #forwards: Forwards | undefined;
  #diagnosis = '';

  constructor(spec: RunnerSpec, options: ResolvedRelayOptions) {
    this.#spec = spec;
    this.#options = options;
    this.name = options.command[0];
    this.#life = new RunnerLife(this.name, () => this.#end());
    this.exit$ = this.#life.exit$;
  }

  get id(): string {
    return this.#id;
  }

  get stdout(): Readable {
    return this.#stdout;
  }

  get stderr(): Readable {
    return this.#stderr;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await this.#life.start(signal, () => this.#launch(signal));
  }

  diagnose(): Promise<string> {
    const { carrier, relay } = this.#options;
    const told = this.#diagnosis === '' ? [] : [this.#diagnosis];
    return Promise.resolve([...told, `It runs by ${[...carrier, ...relay].join(' ')}.`].join('\n'));
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return this.#forwards?.pluginToHost(address) ?? address;
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return this.#forwards?.hostToPlugin(address) ?? address;
  }

  kill(): Promise<void> {
    return this.#life.kill(() => this.#kill());
  }

  killNow(): void {
    this.#carrier?.killNow();
  }

  ref(): void {
    this.#carrier?.ref();
  }

  unref(): void {
    this.#carrier?.unref();
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { carrier, relay } = this.#options;
    this.#carrier = new Carrier([...carrier, ...relay], this.#spec.logger);
    this.#session = await this.#carrier.connect(signal);
    this.#forwards = new Forwards(this.#session, this.#spec.socketDir ?? tmpdir());
    const control = await this.#session.open();
    control.on('error', () => {});
    this.#control = control;
    await untilAborted(this.#run(this.#session, control), signal);
    void this.#watch(control);
  }

  async #run(session: YamuxSession, control: Duplex): Promise<void> {
    const { command, cwd, env } = this.#options;
    await this.#attach(session, 'stdout', this.#stdout);
    await this.#attach(session, 'stderr', this.#stderr);
    const all = { ...env, ...this.#spec.ownEnv };
    sendLine(control, { kind: 'run', command, ...(cwd === undefined ? {} : { cwd }), env: all });
    const answer = await readMessage<RelayAnswer>(control);
    if (answer?.kind === 'failed') {
      this.#diagnosis = answer.diagnosis;
      throw new StartError('ERR_SPAWN', answer.message);
    }
    if (answer?.kind !== 'started') throw await this.#lost();
    this.#id = answer.id;
  }

  async #attach(session: YamuxSession, kind: 'stdout' | 'stderr', output: PluginOutput): Promise<void> {
    const stream = await session.open();
    stream.on('error', () => {});
    sendLine(stream, { kind });
    stream.end();
    output.attach(stream);
  }

  /** Waits for the plugin's exit, or the end of the link. */
  async #watch(control: Duplex): Promise<void> {
    const answer = await readMessage<RelayAnswer>(control).catch(() => undefined);
    if (answer?.kind === 'exit') {
      this.#diagnosis = answer.diagnosis;
      return await this.#life.finish(answer.exit);
    }
    if (!this.#life.wasKilled) this.#spec.logger.error((await this.#lost()).message);
    await this.#life.finish(UNKNOWN_EXIT);
  }

  async #lost(): Promise<StartError> {
    const words = (await this.#carrier?.lastWords()) ?? '';
    this.#diagnosis = `The connection to the far end of the relay was lost; the plugin over there is ended.${words}`;
    return new StartError('ERR_SPAWN', this.#diagnosis);
  }

  async #end(): Promise<void> {
    await drainOutputs(this.#stdout, this.#stderr);
    await this.#forwards?.close();
    await this.#session?.close();
    await this.#carrier?.end();
  }

  async #kill(): Promise<void> {
    const { killTimeoutMs } = this.#options;
    // A carrier may ask for a password, and a far end may never answer.
    if (this.#session === undefined) await this.#carrier?.end();
    const launched = await settledWithin(killTimeoutMs, this.#life.launched());
    if (launched && this.#control !== undefined && !this.#life.hasEnded) {
      sendLine(this.#control, { kind: 'kill' });
      if (await settledWithin(killTimeoutMs, firstValueFrom(this.exit$))) return;
    }
    await this.#life.finish(UNKNOWN_EXIT);
  }
}
