import type { PluginError } from '../../errors.js';
import { isFinding } from '../../runners/diagnose/diagnose.js';
import { stderrAdvice } from '../../runners/diagnose/stderr-advice.js';
import { reportedError } from '../../wire/logs/error-line.js';
import { lastWords } from './start-errors.js';

/** Failures in whose message the plugin is not named yet, and of which its stderr may tell the reason. */
const UNEXPLAINED: ReadonlySet<string> = new Set([
  'ERR_START_TIMEOUT',
  'ERR_HANDSHAKE_NO_LINE',
  'ERR_HANDSHAKE_UNRECOGNIZED',
  'ERR_HANDSHAKE_LINE_TOO_LONG',
]);

/**
 * Completes the message of a failed start once all is known of the process: with the plugin's name, what it said, and what to do. Returns
 * the same error.
 */
export function explainFailedStart(error: PluginError, plugin: string): PluginError {
  const { stderr = [] } = error.details;
  if (error.code === 'ERR_EXITED_EARLY')
    return error.reword((message) => `${named(message, plugin)} ${lastWords(stderr)} ${adviceFor(error)}`.trimEnd());
  if (!UNEXPLAINED.has(error.code)) return error;
  const said = reportedError(stderr) === undefined ? '' : ` ${lastWords(stderr)}`;
  return error.reword((message) => named(message, plugin) + said);
}

function named(message: string, plugin: string): string {
  return message.replace(/^The plugin(?= |'s )/, () => `The plugin ${plugin}`);
}

/** What to do about a plugin that has exited before it was connected to; empty where what it wrote says enough. */
function adviceFor({ details: { stderr = [], diagnosis = '', exitCode, signal } }: PluginError): string {
  const [finding = ''] = diagnosis.split('\n');
  if (isFinding(finding)) return finding;
  const advice = stderrAdvice(stderr);
  if (advice !== undefined) return advice;
  if (reportedError(stderr) !== undefined) return '';
  if (exitCode === 0)
    return 'It ended without an error: check that it calls `serve` and awaits it, and that nothing ends the process before.';
  if (signal === 'SIGKILL') return 'Something has killed it: often the system, for lack of memory (see its log).';
  return 'Check that the command is a plugin for this platform, and that both ends have the same magic cookie.';
}
