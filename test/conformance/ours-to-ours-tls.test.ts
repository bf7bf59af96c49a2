import { OURS_TO_OURS } from './pairings.js';
import { tlsSuites } from './suites.js';

tlsSuites(OURS_TO_OURS);
