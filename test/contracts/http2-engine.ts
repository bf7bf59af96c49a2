import type { Http2Engine } from '../../src/transports/http2/engine.js';
import { backpressure } from './http2/backpressure.js';
import { endings } from './http2/endings.js';
import { resets } from './http2/resets.js';
import { strangers } from './http2/strangers.js';
import { streams } from './http2/streams.js';

/** What every HTTP/2 engine has to do, told on the wire by node's own server. */
export function http2EngineContract(name: string, engine: Http2Engine): void {
  streams(name, engine);
  backpressure(name, engine);
  resets(name, engine);
  endings(name, engine);
  strangers(name, engine);
}
