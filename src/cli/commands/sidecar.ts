import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { filter, firstValueFrom, ignoreElements, map, merge, type Observable, tap } from 'rxjs';
import { cleanupOnExit, grpcPlugin, type LogLevel, netRpcPlugin, type ReattachConfig } from 'rxplug';
import { type SupervisedPlugin, supervise } from 'rxplug/supervise';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { endBy, type Signal, signal$ } from '../process/signals.js';
import { logSink, printer } from '../run/output.js';
import { endLeftPlugin } from '../sidecar/left-plugin.js';
import { lockName } from '../sidecar/name-lock.js';
import { probe } from '../sidecar/probe.js';
import { PublishedFile } from '../sidecar/published-file.js';
import { checkSocketRoom } from '../sidecar/socket-room.js';
import { removeStaleSockets } from '../sidecar/stale-sockets.js';
import { clientOptions } from '../target/client-options.js';
import type { ProgramFlags } from '../target/options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { programOf } from '../target/words.js';

export interface SidecarFlags extends ProgramFlags {
  readonly dir: string;
  readonly name: string;
  readonly group?: string;
  readonly level: LogLevel;
  readonly jsonLogs: boolean;
  readonly probe: boolean;
}

/** Nothing is called, so that it does not matter what the plugin has. */
const plugins = { anything: grpcPlugin({ client: () => ({}), serve: () => {} }), object: netRpcPlugin({}) };

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Longest that a probe takes: it is asked again soon. */
const PROBE_MS = 5000;

/** `rxplug sidecar --dir FOLDER --name NAME -- PROGRAM ARGUMENT...`: until the plugin is given up, or a signal comes. */
export const sidecar = reporting(async function (
  this: CliContext,
  flags: SidecarFlags,
  ...words: readonly string[]
): Promise<void> {
  const { command, rest } = programOf(this, words);
  const directory = await checkedFolder(flags);
  if (flags.probe) return await askOnly(directory, flags, command);
  const target = await resolveTarget(command, { ...flags, tls: 'off' });
  if (rest.length > 0)
    throw new UsageError(`Expected nothing after the program, got ${rest[0]}. With arguments: -- PROGRAM ARGUMENT...`);
  const removeListeners = cleanupOnExit({ signals: [] });
  // Neither a supervised plugin nor a listener of signals keeps the process alive.
  const awake = setInterval(() => {}, MAX_TIMER_MS);
  const signal = await keep(this, target, { ...flags, dir: directory }).finally(() => {
    clearInterval(awake);
    removeListeners();
  });
  if (signal !== undefined) endBy(signal);
});

async function checkedFolder({ dir, name }: SidecarFlags): Promise<string> {
  if (!/^\w[\w.-]*$/.test(name))
    throw new UsageError(`Expected --name to be letters, digits, ".", "_" and "-", got ${JSON.stringify(name)}.`);
  const directory = resolve(dir);
  const isFolder = await stat(directory).then(
    (found) => found.isDirectory(),
    (error: Error) => {
      throw new UsageError(`Cannot use the folder ${directory}: ${error.message}.`);
    },
  );
  if (!isFolder) throw new UsageError(`Expected --dir to be a folder, got the file ${directory}.`);
  checkSocketRoom(directory, name);
  return directory;
}

async function askOnly(directory: string, { name, timeout }: SidecarFlags, command: readonly string[]): Promise<void> {
  if (command.length > 0) throw new UsageError('Expected no program beside --probe: nothing is started.');
  await probe({ directory, name, timeoutMs: Math.min(timeout, PROBE_MS) });
}

/** Runs the plugin until it is given up: then it rejects with why. A signal ends it: then it resolves with that. */
async function keep(context: CliContext, target: Target, flags: SidecarFlags): Promise<Signal | undefined> {
  const { dir: directory, name } = flags;
  const unlock = await lockName(directory, name);
  try {
    const file = new PublishedFile(directory, name);
    await endLeftPlugin(directory, file.path);
    await removeStaleSockets(directory);
    return await keepPublished(file, context, target, flags);
  } finally {
    unlock();
  }
}

/** The same, with the plugin published in the file as long as it serves. */
async function keepPublished(
  file: PublishedFile,
  context: CliContext,
  target: Target,
  flags: SidecarFlags,
): Promise<Signal | undefined> {
  const { dir: directory, name, group } = flags;
  let where: ReattachConfig | undefined;
  const plugin = supervise<typeof plugins>({
    // The keys of AutoMTLS could not be handed on: the socket is guarded by the modes of folder and file.
    ...(await clientOptions(target, { ...flags, tls: 'off' }, plugins, { autoMtls: false })),
    name,
    // For the host that it is run for.
    grpc: { broker: { enabled: false } },
    unixSocket: { tempDir: directory, ...(group === undefined ? {} : { group }) },
    logSink: logSink(context, flags, context.process.stdout),
    supervision: {
      onStart: async (client) => {
        where = await client.reattachConfig();
      },
    },
  });
  printOutput(plugin, context);
  const published$ = plugin.events$.pipe(
    tap(({ type }) => {
      if (type === 'started' && where !== undefined) file.write(where);
      else if (type === 'stopped') file.remove();
    }),
    ignoreElements(),
  );
  process.once('exit', file.remove);
  try {
    return await firstValueFrom(merge(published$, signal$, givenUp(plugin)));
  } finally {
    // First, so that no host comes to a plugin that is about to end.
    file.remove();
    await plugin.stop();
    process.off('exit', file.remove);
  }
}

/** What the plugin prints, as its own output would be. */
function printOutput(plugin: SupervisedPlugin<typeof plugins>, { process: { stdout, stderr } }: CliContext): void {
  plugin.syncStdout$.pipe(map(({ chunk }) => chunk)).subscribe(printer(stdout));
  plugin.syncStderr$.pipe(map(({ chunk }) => chunk)).subscribe(printer(stderr));
}

/** Errors with why the plugin is given up: whoever started this process is to know. */
function givenUp(plugin: SupervisedPlugin<typeof plugins>): Observable<never> {
  return plugin.state$.pipe(
    filter((state) => state.status === 'failed'),
    map(({ error }) => {
      throw error;
    }),
  );
}
