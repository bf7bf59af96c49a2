import { GO_TO_OURS } from './pairings.js';
import { tlsSuites } from './suites.js';

tlsSuites(GO_TO_OURS);
