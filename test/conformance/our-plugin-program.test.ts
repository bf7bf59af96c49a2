import { ourPlugin } from './peers.js';
import { programSuite } from './suite/plugin-program.js';

programSuite({ name: 'our plugin', options: { skip: false }, command: ourPlugin, tcp: true });
