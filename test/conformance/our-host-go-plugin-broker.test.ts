import { OURS_TO_GO } from './pairings.js';
import { brokerSuites } from './suites.js';

brokerSuites(OURS_TO_GO);
