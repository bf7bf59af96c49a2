import { grpcPlugin, type HandshakeConfig, promiseClient } from 'rxplug';
import { Tasks } from './gen/tasks_pb.js';

/** Shared by host and plugin. The cookie is in `package.json` too, for `rxplug`. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'TASKS_PLUGIN',
  magicCookieValue: 'hello',
};

/** By the view a client has Promises and AsyncIterables. */
export const plugins = { tasks: grpcPlugin(Tasks, { view: promiseClient }) };
