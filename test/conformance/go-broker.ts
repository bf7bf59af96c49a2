import type { DrivenBroker, DrivenObject, DrivenStream } from './driver.js';
import type { GoProcess } from './go-process.js';

/** The broker of what the Go host dispensed. */
export class GoBroker implements DrivenBroker {
  constructor(
    readonly process: GoProcess,
    readonly object: string,
    readonly wrap: (dialed: string) => DrivenObject,
  ) {}

  nextId(): Promise<number> {
    return this.#id('nextId', {});
  }

  offer(id = 0): Promise<number> {
    return this.#id('offer', { brokerId: id });
  }

  offerDecorator(prefix: string, suffix: string): Promise<number> {
    return this.#id('offer', { prefix, suffix });
  }

  async withdraw(id: number): Promise<void> {
    await this.process.command('withdraw', { object: this.object, brokerId: id });
  }

  withdrawAll(): Promise<void> {
    return this.withdraw(0);
  }

  counts(): undefined {
    return undefined;
  }

  async dial(id: number): Promise<DrivenObject> {
    const fields = { object: this.object, brokerId: id };
    return this.wrap((await this.process.command<{ object: string }>('dial', fields)).object);
  }

  acceptStream(id: number): Promise<DrivenStream> {
    return this.#stream('acceptStream', id);
  }

  dialStream(id: number): Promise<DrivenStream> {
    return this.#stream('dialStream', id);
  }

  async #id(op: string, fields: object): Promise<number> {
    return (await this.process.command<{ brokerId: number }>(op, { ...fields, object: this.object })).brokerId;
  }

  async #stream(op: string, id: number): Promise<DrivenStream> {
    const fields = { object: this.object, brokerId: id };
    return new GoStream(this.process, (await this.process.command<{ stream: string }>(op, fields)).stream);
  }
}

class GoStream implements DrivenStream {
  constructor(
    readonly process: GoProcess,
    readonly stream: string,
  ) {}

  async write(data: Uint8Array): Promise<void> {
    await this.process.command('writeStream', { stream: this.stream, data: Buffer.from(data).toString('base64') });
  }

  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    const fields = { stream: this.stream, max: maxBytes };
    const { data, end } = await this.process.command<{ data?: string; end?: boolean }>('readStream', fields);
    return end === true ? undefined : Buffer.from(data ?? '', 'base64');
  }

  async close(): Promise<void> {
    await this.process.command('closeStream', { stream: this.stream });
  }
}
