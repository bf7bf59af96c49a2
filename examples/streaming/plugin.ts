import { implement, serve } from 'rxplug';
import { handshake, plugins } from './contract.js';
import { ticker } from './ticker.js';

await serve({ handshake, plugins: { ticker: implement(plugins.ticker, ticker) } });
