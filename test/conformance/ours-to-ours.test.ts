import { OURS_TO_OURS } from './pairings.js';
import { plainSuites } from './suites.js';

plainSuites(OURS_TO_OURS);
