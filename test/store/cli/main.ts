/** `rxplug plugin`, as a process of its own. */
import { run } from '../../../packages/store/src/cli.js';

const { stdin, stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
