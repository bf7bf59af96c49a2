import type { Http2ClientSession } from '../../../transports/http2/engine.js';
import type { KeepaliveOptions } from './channel-options.js';

/** Pings a session at intervals and destroys it when an answer fails to come. Returns what stops it; holds no process. */
export function startKeepalive(
  session: Http2ClientSession,
  options: Required<KeepaliveOptions>,
  hasCalls: () => boolean,
): () => void {
  let waiting = false;
  const ping = () => {
    if (waiting || !(options.withoutCalls || hasCalls())) return;
    waiting = true;
    session.ping(options.timeoutMs).then(
      () => {
        waiting = false;
      },
      (error: Error) => session.destroy(error),
    );
  };
  const timer = setInterval(ping, options.intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
