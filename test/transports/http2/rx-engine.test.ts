import { rxHttp2Engine } from '../../../src/transports/http2/rx-engine.js';
import { http2EngineContract } from '../../contracts/http2-engine.js';

http2EngineContract('rx', rxHttp2Engine);
