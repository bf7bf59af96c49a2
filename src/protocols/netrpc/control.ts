import { gob } from '../../wire/gob/index.js';
import { handler, method, type NetRpcHandlers } from './rpc-service.js';

/** The first service on a plugin's first stream (go-plugin rpc_server.go controlServer). */
export const CONTROL = {
  Ping: method(gob.bool, gob.empty),
  Quit: method(gob.bool, gob.empty),
} as const;

/** The second one (go-plugin rpc_server.go dispenseServer). */
export const DISPENSER = { Dispense: method(gob.string, gob.uint32) } as const;

export interface ControlOptions {
  /** What has to happen before the host is answered: a Go plugin ends without answering at times. Bounded by its maker. */
  readonly beforeAnswer: () => Promise<unknown>;
  /** Called when the answer to Quit has been written or cannot be any more, each time that it is. Must not throw. */
  readonly onQuit: () => void;
}

/** Answers pings, and lets the host end the plugin. */
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
