/** The peer accepts an id at this address, as the peer sees it: the id can be dialed. Sent by gRPC brokers that use sockets. */
export interface BrokerOffer {
  readonly kind: 'offer';
  readonly id: number;
  readonly network: string;
  readonly address: string;
}

/** The peer wants to connect to an id of this side. Sent by multiplexed gRPC brokers, and by net/rpc brokers. */
export interface BrokerKnock {
  readonly kind: 'knock';
  readonly id: number;
}

/** What the peer's broker asks for: a dial of an id that it accepts, or a connection to an id that this side accepts. */
export type BrokerRequest = BrokerOffer | BrokerKnock;
