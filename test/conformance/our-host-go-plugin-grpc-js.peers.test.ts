import { OURS_TO_GO, onGrpcJs } from './pairings.js';
import { engineSuites } from './suites.js';

engineSuites(onGrpcJs(OURS_TO_GO));
