import { OURS_TO_GO } from './pairings.js';
import { netRpcLifeTlsSuites } from './suites.js';

netRpcLifeTlsSuites(OURS_TO_GO);
