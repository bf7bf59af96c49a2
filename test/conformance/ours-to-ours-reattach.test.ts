import { OURS_TO_OURS } from './pairings.js';
import { reattachSuites } from './suites.js';

reattachSuites(OURS_TO_OURS);
