import { OURS_TO_OURS } from './pairings.js';
import { brokerSuites } from './suites.js';

brokerSuites(OURS_TO_OURS);
