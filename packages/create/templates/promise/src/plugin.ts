import { serve } from 'rxplug';
import { handshake } from './contract.js';
import { tasks } from './tasks.js';

// Not awaited: the one file that `npm run ship` makes has no top-level await.
void serve({ handshake, plugins: { tasks } });
