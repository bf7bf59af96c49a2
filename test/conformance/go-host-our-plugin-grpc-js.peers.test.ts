import { GO_TO_OURS, onGrpcJs } from './pairings.js';
import { engineSuites } from './suites.js';

engineSuites(onGrpcJs(GO_TO_OURS));
