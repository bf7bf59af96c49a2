import { OURS_TO_OURS } from './pairings.js';
import { multiplexSuites } from './suites.js';

multiplexSuites(OURS_TO_OURS);
