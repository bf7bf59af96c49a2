import { GO_TO_OURS } from './pairings.js';
import { netRpcLifeTlsSuites } from './suites.js';

netRpcLifeTlsSuites(GO_TO_OURS);
