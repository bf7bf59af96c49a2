import type { PluginError } from '../../errors.js';
import { isFinding } from '../../runners/diagnose/diagnose.js';
import { stderrAdvice } from '../../runners/diagnose/stderr-advice.js';
import { reportedError } from '../../wire/logs/error-line.js';
import { lastLines, lastWords } from './start-errors.js';

/** Failures in whose message the plugin is not named yet, and of which its stderr may tell the reason. */
const UNEXPLAINED: ReadonlySet<string> = new Set([
  'ERR_START_TIMEOUT',
  'ERR_HANDSHAKE_NO_LINE',
  'ERR_HANDSHAKE_UNRECOGNIZED',
  'ERR_HANDSHAKE_LINE_TOO_LONG',
]);

/** What is known of a plugin besides its failed start. */
export interface FailedPlugin {
  readonly plugin: string;
  /** Whether a runner of the application has run it: what has failed may be ssh, or a container engine, and not the plugin. */
  readonly byRunner: boolean;
}

/**
 * Completes the message of a failed start once all is known of the process: with the plugin's name, what it said, and what to do. Returns
 * the same error.
 */
export function explainFailedStart(error: PluginError, { plugin, byRunner }: FailedPlugin): PluginError {
  const { stderr = [] } = error.details;
  if (byRunner) return explainFailedRunner(error, plugin);
  if (error.code === 'ERR_EXITED_EARLY')
    return error.reword((message) => `${named(message, plugin)} ${lastWords(stderr)} ${adviceFor(error)}`.trimEnd());
  if (!UNEXPLAINED.has(error.code)) return error;
  const said = reportedError(stderr) === undefined ? '' : ` ${lastWords(stderr)}`;
  return error.reword((message) => named(message, plugin) + said);
}

/** What the runner's own program has written comes first: nothing is known of the plugin, and it may not even have been run. */
function explainFailedRunner(error: PluginError, plugin: string): PluginError {
  const { stderr = [] } = error.details;
  const written = lastLines(stderr);
  if (error.code === 'ERR_EXITED_EARLY') {
    const wrote = written === undefined ? 'wrote nothing to stderr' : `wrote ${written}`;
    const advice = knownAdvice(error) ?? (written === undefined ? 'Run by hand what the runner runs.' : '');
    return error.reword((message) => {
      const ended = message.replace(
        /^The plugin (?=exited )/,
        () => `The plugin ${plugin} did not start: its runner ${wrote}, and `,
      );
      return `${ended} ${advice}`.trimEnd();
    });
  }
  if (!UNEXPLAINED.has(error.code)) return error;
  const said = written === undefined ? '' : ` Its runner wrote ${written}.`;
  return error.reword((message) => named(message, plugin) + said);
}

function named(message: string, plugin: string): string {
  return message.replace(/^The plugin(?= |'s )/, () => `The plugin ${plugin}`);
}

/** What to do about a plugin that has exited before it was connected to; empty where what it wrote says enough. */
function adviceFor(error: PluginError): string {
  const { stderr = [], exitCode, signal } = error.details;
  const advice = knownAdvice(error);
  if (advice !== undefined) return advice;
  if (reportedError(stderr) !== undefined) return '';
  if (exitCode === 0)
    return 'It ended without an error: check that it calls `serve` and awaits it, and that nothing ends the process before.';
  if (signal === 'SIGKILL') return 'Something has killed it: often the system, for lack of memory (see its log).';
  return 'Check that the command is a plugin for this platform, and that both ends have the same magic cookie.';
}

/** What the runner has found, or what is known of the words that were written. */
function knownAdvice({ details: { stderr = [], diagnosis = '' } }: PluginError): string | undefined {
  const [finding = ''] = diagnosis.split('\n');
  return isFinding(finding) ? finding : stderrAdvice(stderr);
}
