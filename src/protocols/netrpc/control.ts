import { gob } from '../../wire/gob/index.js';
import { handler, method, type NetRpcHandlers } from './rpc-service.js';

/** The methods of the service `Control`, on a plugin's first stream (go-plugin rpc_server.go controlServer). */
export const CONTROL = {
  Ping: method(gob.bool, gob.empty),
  Quit: method(gob.bool, gob.empty),
} as const;

/** The methods of the service `Dispenser`, on the same stream (go-plugin rpc_server.go dispenseServer). */
export const DISPENSER = { Dispense: method(gob.string, gob.uint32) } as const;

export interface ControlOptions {
  /** Runs before Quit is answered. Must settle within a bounded time. */
  readonly beforeAnswer: () => Promise<unknown>;
  /** Called after each Quit, when the answer has been written or cannot be written any more. Must not throw. */
  readonly onQuit: () => void;
}

/** Answers pings, and stops the plugin when the host asks for it. */
export function createControl({ beforeAnswer, onQuit }: ControlOptions): NetRpcHandlers {
  return new Map([
    ['Ping', handler(CONTROL.Ping.args, CONTROL.Ping.reply, () => {})],
    [
      'Quit',
      handler(CONTROL.Quit.args, CONTROL.Quit.reply, async (_, call) => {
        call.afterReply(onQuit);
        await beforeAnswer();
      }),
    ],
  ]);
}
