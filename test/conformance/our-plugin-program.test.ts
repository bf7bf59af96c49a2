import { ourPlugin } from './peers.js';
import { netRpcProgramSuite } from './suite/netrpc-program.js';
import { type Program, programSuite } from './suite/plugin-program.js';

const PROGRAM: Program = { name: 'our plugin', options: { skip: false }, command: ourPlugin, tcp: true };

programSuite(PROGRAM);
netRpcProgramSuite(PROGRAM);
