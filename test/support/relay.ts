import { connect, type Socket } from 'node:net';
import { firstValueFrom, Subject } from 'rxjs';
import { processRunner, type RunnerFactory } from '../../src/index.js';
import { type Address, type Listener, listen } from '../../src/transport.js';

/** Stands between a host and the address that its plugin announces, and loses their connection when it is told to. */
export class Relay implements AsyncDisposable {
  /** Emits when the host has connected. */
  readonly connected$ = new Subject<void>();
  readonly #sockets = new Set<Socket>();
  #listener: Listener | undefined;
  #connections = 0;

  /** How often the host has connected. */
  get connections(): number {
    return this.#connections;
  }

  /** Runs the plugin as a process. Only its main address leads here; those of brokers do not. */
  runner(command: readonly [string, ...string[]]): RunnerFactory {
    return ({ env }) => {
      let isMain = true;
      return Object.assign(processRunner({ command, env }), {
        pluginToHost: (address: Address) => {
          if (!isMain) return address;
          isMain = false;
          return this.open(address);
        },
      });
    };
  }

  /** The address to connect to in place of another. */
  async open({ network, address }: Address): Promise<Address> {
    await this.close();
    const listener = await listen({ network: 'unix' });
    this.#listener = listener;
    listener.connection$.subscribe((near) => {
      const far = network === 'unix' ? connect(address) : connect(Number(address.split(':').at(-1)), '127.0.0.1');
      this.#join(near as Socket, far);
      this.#connections += 1;
      this.connected$.next();
    });
    return listener.address;
  }

  /** Loses the connections. The host can connect again. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Passes nothing on any more, as a network that is down: nobody is told. Later connections work. */
  swallow(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Resolves when the host has connected once more. */
  next(): Promise<void> {
    return firstValueFrom(this.connected$);
  }

  /** Loses the connections, and refuses others. */
  async close(): Promise<void> {
    this.cut();
    await this.#listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {}).on('close', () => this.#drop(one, other));
      one.pipe(other);
    }
  }

  #drop(one: Socket, other: Socket): void {
    this.#sockets.delete(one);
    other.destroy();
  }
}
