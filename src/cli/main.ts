#!/usr/bin/env node
import { run } from '@stricli/core';
import { app } from './app.js';
import { complete } from './completion/complete.js';
import { COMPLETE } from './completion/scripts.js';
import type { CliContext } from './process/context.js';
import { whenUnread } from './process/reader.js';

/** Everything after the first `--` is the plugin's command line. */
const args = process.argv.slice(2);
const at = args.indexOf('--');
const [own, pluginCommand] = at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
/** All that follows `rxplug plugin`, flags too, is for the command line of another package. */
const [words, storeCommand] = args[0] === 'plugin' ? [['plugin'], args.slice(1)] : [own, []];

// Whoever reads the output may end early, as `head` does: nothing more is to be printed, and the plugin ends with the command.
const end = (): void => process.exit();
process.stdout.on('error', end);
process.stderr.on('error', end);
whenUnread(1, end);

const context: CliContext = {
  process: process as CliContext['process'],
  stdin: process.stdin,
  pluginCommand,
  storeCommand,
};
if (args[0] === 'relay') await import('./relay.js');
else if (args[0] === COMPLETE) await complete(app, args.slice(1), context);
else await run(app, words, context);
// stricli's codes are negative for what the user typed wrong.
if (Number(process.exitCode) < 0) process.exitCode = 2;
