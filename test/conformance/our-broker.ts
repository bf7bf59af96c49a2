import { firstValueFrom, ReplaySubject, type Subscription } from 'rxjs';
import type { GrpcBroker, GrpcChannel } from 'rxplug/grpc';
import type { DrivenBroker, DrivenObject, DrivenStream } from './driver.js';
import { ProbeDefinition } from './gen/probe.js';
import { probeService } from './plugin/probe-service.js';
import { ProcessControl } from './plugin/process-control.js';

const CONTROL = new ProcessControl();

/** The broker of what our host dispensed. */
export class OurBroker implements DrivenBroker {
  readonly #offers = new Map<number, Subscription>();

  constructor(
    readonly broker: GrpcBroker,
    readonly wrap: (dialed: GrpcChannel) => DrivenObject,
  ) {}

  async nextId(): Promise<number> {
    return this.broker.nextId();
  }

  async offer(id = this.broker.nextId()): Promise<number> {
    const offered$ = new ReplaySubject<number>(1);
    const serving$ = this.broker.acceptAndServe(id, (server) =>
      server.addService(ProbeDefinition, probeService(CONTROL, 1)),
    );
    const serving = serving$.subscribe(offered$);
    await firstValueFrom(offered$);
    this.#offers.set(id, serving);
    return id;
  }

  async withdraw(id: number): Promise<void> {
    this.#offers.get(id)?.unsubscribe();
    if (!this.#offers.delete(id)) throw new Error('nothing is offered there');
  }

  async withdrawAll(): Promise<void> {
    for (const id of this.#offers.keys()) await this.withdraw(id);
  }

  counts(): Readonly<Record<string, number>> {
    return { ...this.broker.counts };
  }

  async dial(id: number): Promise<DrivenObject> {
    return this.wrap(await this.broker.dial(id));
  }

  offerDecorator(): Promise<number> {
    throw new Error('This broker is not that of net/rpc.');
  }

  acceptStream(): Promise<DrivenStream> {
    throw new Error('This broker is not that of net/rpc.');
  }

  dialStream(): Promise<DrivenStream> {
    throw new Error('This broker is not that of net/rpc.');
  }
}
