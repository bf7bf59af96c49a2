import { once } from 'node:events';
import { connect } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { createNetRpcClient } from '../../../../src/protocols/netrpc/rpc-client.js';
import { createYamuxSession } from '../../../../src/transports/yamux/session.js';
import { gob } from '../../../../src/wire/gob/index.js';
import type { ClientWork } from '../client.js';

/** Of a server that is told first whether yamux follows. */
export function netRpcClient(yamux: boolean) {
  return async (_identity: string | undefined, [path = '']: readonly string[]): Promise<ClientWork> => {
    const socket = connect(path);
    await once(socket, 'connect');
    socket.write(Uint8Array.of(yamux ? 1 : 0));
    const client = createNetRpcClient(yamux ? await createYamuxSession(socket, { role: 'client' }).open() : socket);
    return { echo: (message) => firstValueFrom(client.call('Plugin.Echo', gob.bytes, message, gob.bytes)) };
  };
}
