import { OURS_TO_GO } from './pairings.js';
import { plainSuites } from './suites.js';

plainSuites(OURS_TO_GO);
