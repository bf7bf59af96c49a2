import { OURS_TO_GO } from './pairings.js';
import { reattachSuites } from './suites.js';

reattachSuites(OURS_TO_GO);
