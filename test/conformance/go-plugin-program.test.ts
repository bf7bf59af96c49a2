import { goPlugin, needsGo } from './peers.js';
import { netRpcProgramSuite } from './suite/netrpc-program.js';
import { type Program, programSuite } from './suite/plugin-program.js';

const PROGRAM: Program = { name: 'Go plugin', options: needsGo(), command: goPlugin, tcp: false };

programSuite(PROGRAM);
netRpcProgramSuite(PROGRAM);
