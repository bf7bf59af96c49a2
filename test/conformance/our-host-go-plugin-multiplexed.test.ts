import { OURS_TO_GO } from './pairings.js';
import { multiplexSuites } from './suites.js';

multiplexSuites(OURS_TO_GO);
