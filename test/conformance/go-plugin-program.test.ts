import { goPlugin, needsGo } from './peers.js';
import { programSuite } from './suite/plugin-program.js';

programSuite({ name: 'Go plugin', options: needsGo(), command: goPlugin, tcp: false });
