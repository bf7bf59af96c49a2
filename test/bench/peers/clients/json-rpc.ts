import { once } from 'node:events';
import { connect } from 'node:net';
import type { ClientWork } from '../client.js';
import { connectionOver } from '../json-rpc-connection.js';

export async function connectJsonRpc(
  _identity: string | undefined,
  [path = '', library = '']: readonly string[],
): Promise<ClientWork> {
  const socket = connect(path);
  await once(socket, 'connect');
  const connection = await connectionOver(socket, library);
  connection.listen();
  return {
    echo: (message) => connection.sendRequest('echo', { data: Buffer.from(message).toString('base64') }),
  };
}
