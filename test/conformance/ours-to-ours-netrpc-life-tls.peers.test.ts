import { OURS_TO_OURS } from './pairings.js';
import { netRpcLifeTlsSuites } from './suites.js';

netRpcLifeTlsSuites(OURS_TO_OURS);
