import { ProtocolError, StartError, TransportError } from '../errors.js';
import type { ProtocolName } from '../protocols/contract.js';
import type { Address } from '../wire/handshake/address.js';

/** The plugin that was connected to, as an error names it. */
export interface Unreached {
  readonly protocol: ProtocolName;
  readonly address: Address;
  readonly startTimeoutMs: number;
}

const SPOKEN: Readonly<Record<ProtocolName, string>> = { grpc: 'gRPC', netrpc: 'net/rpc' };

/** The error of a conversation that did not begin, with what the layers below cannot know: who was spoken to, and what to look at. */
export function explainConnect(error: unknown, { protocol, address, startTimeoutMs }: Unreached): unknown {
  const where = `${address.network} ${address.address}`;
  if (error instanceof ProtocolError) {
    const message =
      `What listens at ${where} does not speak ${SPOKEN[protocol]}: ${withoutStop(error.message)}. ` +
      "Check that the plugin's handshake names its own address and protocol, and that both ends have the same TLS settings.";
    const { wireCode } = error;
    return new ProtocolError(error.code, message, { cause: error, ...(wireCode === undefined ? {} : { wireCode }) });
  }
  if (error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST') {
    const message =
      `The plugin at ${where} ended the connection before a word of ${SPOKEN[protocol]} was spoken: ${withoutStop(error.message)}. ` +
      'Look at details.stderr, and check that both ends have the same TLS settings.';
    return new TransportError('ERR_CONNECTION_LOST', message, { cause: error });
  }
  if (error instanceof StartError && error.code === 'ERR_START_TIMEOUT') {
    const message =
      `The plugin announced itself at ${where}, and did not answer there within the ${startTimeoutMs} ms of its start. ` +
      `Check that it serves ${SPOKEN[protocol]} there, or raise \`startTimeoutMs\`.`;
    return new StartError('ERR_START_TIMEOUT', message, { cause: error });
  }
  return error;
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}
