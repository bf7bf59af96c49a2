import { serve } from 'rxplug';
import { handshake } from './contract.js';
import { provider } from './provider.js';

// Not awaited: the one file that `npm run ship` makes has no top-level await.
void serve({ handshake, plugins: { provider } });
