import { OURS_TO_OURS, onGrpcJs } from './pairings.js';
import { engineSuites } from './suites.js';

engineSuites(onGrpcJs(OURS_TO_OURS));
