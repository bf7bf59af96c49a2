import type { Dialer } from '../../transports/transport.js';
import type { Announced } from './announced.js';
import { GrpcConversation } from './grpc-conversation.js';
import { NetRpcConversation } from './net-rpc-conversation.js';

/** What any plugin can be asked. */
export interface Conversation extends AsyncDisposable {
  /** Resolves with any answer. */
  ping(): Promise<void>;
  /** Asks the plugin to end; resolves with what it answered. Rejects for an answer that is not allowed. */
  end(): Promise<string>;
}

/** Connects as a host does. */
export async function converse({ protocol }: Announced, dialer: Dialer): Promise<Conversation> {
  return protocol === 'grpc' ? new GrpcConversation(dialer) : await NetRpcConversation.open(dialer);
}
