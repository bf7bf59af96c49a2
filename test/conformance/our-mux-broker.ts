import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { handlersOf, type MuxBroker } from 'rxplug/net-rpc';
import { bounded } from './bounded.js';
import type { DrivenBroker, DrivenObject, DrivenStream } from './driver.js';
import { decorator } from './netrpc-contracts.js';

/** The net/rpc broker of what our host dispensed. */
export class OurMuxBroker implements DrivenBroker {
  constructor(
    readonly broker: MuxBroker,
    readonly wrap: (dialed: Duplex) => DrivenObject,
  ) {}

  async nextId(): Promise<number> {
    return this.broker.nextId();
  }

  async dial(id: number): Promise<DrivenObject> {
    return this.wrap(await this.broker.dial(id));
  }

  async offerDecorator(prefix: string, suffix: string): Promise<number> {
    const id = this.broker.nextId();
    const decorating = { Decorate: (text: string) => prefix + text + suffix };
    const services = new Map([['Plugin', handlersOf(decorator, decorating, this.broker)]]);
    // Nobody may come: the offer then ends by itself.
    this.broker.acceptAndServe(id, services).subscribe({ error: () => {} });
    return id;
  }

  async acceptStream(id: number): Promise<DrivenStream> {
    return new OurStream(await firstValueFrom(this.broker.accept(id)));
  }

  async dialStream(id: number): Promise<DrivenStream> {
    return new OurStream(await this.broker.dial(id));
  }

  offer(): Promise<number> {
    throw new Error('This broker is not that of gRPC.');
  }

  withdraw(): Promise<void> {
    throw new Error('This broker is not that of gRPC.');
  }

  withdrawAll(): Promise<void> {
    return this.withdraw();
  }

  counts(): undefined {
    return undefined;
  }
}

/** A Duplex of the broker, driven step by step. */
class OurStream implements DrivenStream {
  readonly #stream: Duplex;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async write(data: Uint8Array): Promise<void> {
    if (!this.#stream.write(data)) await bounded(once(this.#stream, 'drain'), 'room in a stream');
  }

  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length === 0) {
      const next = await bounded(this.#chunks.next(), 'bytes of a stream');
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const some = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(maxBytes);
    return some;
  }

  async close(): Promise<void> {
    this.#stream.end();
  }
}
