import { nodeHttp2Engine } from '../../../src/transports/http2/node-engine.js';
import { http2EngineContract } from '../../contracts/http2-engine.js';

http2EngineContract('node:http2', nodeHttp2Engine);
