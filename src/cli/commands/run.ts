import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { filter, firstValueFrom, ignoreElements, map, merge, type Observable, skip, tap } from 'rxjs';
import { cleanupOnExit, grpcPlugin, type LogLevel, netRpcPlugin, type PluginClient, PluginError } from 'rxplug';
import { fileChanges, type SupervisedPlugin, type SupervisionOptions, supervise } from 'rxplug/supervise';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { endBy, exitCodeOf, type Signal, signal$ } from '../process/signals.js';
import { logSink, printer } from '../run/output.js';
import { ReattachFile, terraformLine } from '../run/reattach-output.js';
import { watchedFiles } from '../run/watched-files.js';
import { clientOptions, hasOwnTls } from '../target/client-options.js';
import type { StartFlags } from '../target/options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { programOf } from '../target/words.js';

export interface RunFlags extends StartFlags {
  readonly level: LogLevel;
  readonly jsonLogs: boolean;
  readonly reattachFile?: string;
  readonly terraform?: string;
  readonly supervise: boolean;
  readonly watch: boolean;
}

/** Nothing is called, so that it does not matter what the plugin has. */
const plugins = { anything: grpcPlugin({ client: () => ({}), serve: () => {} }), object: netRpcPlugin({}) };
type Plugins = typeof plugins;

const MAX_TIMER_MS = 2 ** 31 - 1;

/** `rxplug run PROGRAM`: until it ends, or a signal comes. */
export const run = reporting(async function (
  this: CliContext,
  flags: RunFlags,
  ...words: readonly string[]
): Promise<void> {
  const { command, rest } = programOf(this, words);
  const target = await resolveTarget(command, flags);
  if (rest.length > 0)
    throw new UsageError(`Expected nothing after the program, got ${rest[0]}. With arguments: -- PROGRAM ARGUMENT...`);
  await checkFlags(flags);
  const removeListeners = cleanupOnExit({ signals: [] });
  // The first one stops the plugin, which may take its time.
  const impatient = signal$.pipe(skip(1)).subscribe((signal) => process.exit(exitCodeOf(signal)));
  // A supervised plugin does not keep its host alive, nor do listeners of signals.
  const awake = setInterval(() => {}, MAX_TIMER_MS);
  const autoMtls = flags.tls === 'on' || (flags.tls === 'auto' && mayHaveAutoMtls(flags));
  const signal = await keep(this, target, flags, autoMtls).finally(() => {
    impatient.unsubscribe();
    clearInterval(awake);
    removeListeners();
  });
  if (signal !== undefined) endBy(signal);
});

/** Nobody else can connect to a plugin with AutoMTLS. */
function mayHaveAutoMtls(flags: RunFlags): boolean {
  return !hasOwnTls(flags) && flags.reattachFile === undefined && flags.terraform === undefined;
}

async function checkFlags({ tls, reattachFile, terraform }: RunFlags): Promise<void> {
  if (tls === 'on' && (reattachFile ?? terraform) !== undefined)
    throw new UsageError('Expected no --tls on beside --reattach-file and --terraform: nobody else could connect.');
  if (terraform !== undefined && !/^(?:[\w.:-]+\/)?[\w-]+\/[\w-]+$/.test(terraform))
    throw new UsageError(
      `Expected --terraform to be a provider's address, as registry.terraform.io/acme/kv, got ${JSON.stringify(terraform)}.`,
    );
  if (reattachFile === undefined) return;
  await access(dirname(reattachFile), constants.W_OK).catch((error: unknown) => {
    throw new UsageError(`Cannot write ${reattachFile}: ${(error as Error).message}.`);
  });
}

/** Runs the plugin until its end, or that of this process: then it resolves with the signal. */
async function keep(
  context: CliContext,
  target: Target,
  flags: RunFlags,
  autoMtls: boolean,
): Promise<Signal | undefined> {
  const file = flags.reattachFile === undefined ? undefined : new ReattachFile(flags.reattachFile);
  const removeFile = (): void => file?.remove();
  const plugin = supervise<Plugins>({
    ...(await clientOptions(target, flags, plugins, { autoMtls })),
    logSink: logSink(context, flags),
    supervision: { ...supervision(target, flags), onStart: (client) => tellWhere(context, client, flags, file) },
  });
  const { stdout, stderr } = context.process;
  plugin.syncStdout$.pipe(map(({ chunk }) => chunk)).subscribe(printer(stdout));
  plugin.syncStderr$.pipe(map(({ chunk }) => chunk)).subscribe(printer(stderr));
  plugin.events$.pipe(filter(({ type }) => type === 'stopped')).subscribe(removeFile);
  process.once('exit', removeFile);
  const end$ = flags.watch ? waitForChange(plugin, context) : endOf(plugin);
  try {
    return await firstValueFrom(merge(signal$, end$));
  } catch (error) {
    if (flags.tls !== 'auto' || !autoMtls || !isWithoutTls(error)) throw error;
    stderr.write('The plugin has no AutoMTLS: starting it again without.\n');
    return await keep(context, target, flags, false);
  } finally {
    await plugin.stop();
    removeFile();
    process.off('exit', removeFile);
  }
}

function isWithoutTls(error: unknown): boolean {
  return PluginError.is(error) && error.code === 'ERR_TLS_NOT_SUPPORTED';
}

/** Without `--supervise` a plugin that ends is not started again, but for a change of its files. */
function supervision(
  target: Target,
  { supervise: always, watch, cwd = target.cwd ?? '.' }: RunFlags,
): SupervisionOptions<Plugins> {
  const files = watch ? watchedFiles(target.command, cwd) : [];
  if (watch && files.length === 0)
    throw new UsageError(`--watch finds no file in ${target.title}. Give the program by its path.`);
  return {
    ...(always ? {} : { restart: 'never', health: false }),
    ...(watch ? { reloadOn: merge(...files.map((file) => fileChanges(file))) } : {}),
  };
}

/** Emits when the plugin has ended well, and errors when it has failed for good. */
function endOf(plugin: SupervisedPlugin<Plugins>): Observable<undefined> {
  return plugin.state$.pipe(
    filter(({ status }) => status === 'failed' || status === 'stopped'),
    map((state) => {
      if (state.status !== 'failed') return undefined;
      const { error, stops } = state;
      if (stops.at(-1)?.exit?.code === 0 && stops.at(-1)?.cause === 'crashed') return undefined;
      throw error;
    }),
  );
}

/** A plugin that has failed is started again when it was mended. */
function waitForChange(plugin: SupervisedPlugin<Plugins>, { process }: CliContext): Observable<never> {
  return plugin.state$.pipe(
    filter(({ status }) => status === 'failed'),
    tap(() => process.stderr.write('The plugin is started again when its program changes.\n')),
    ignoreElements(),
  );
}

/** Tells other hosts where the plugin is. */
async function tellWhere(
  { process: { stdout } }: CliContext,
  client: PluginClient<Plugins>,
  { terraform }: RunFlags,
  file: ReattachFile | undefined,
): Promise<void> {
  if (terraform === undefined && file === undefined) return;
  const config = await client.reattachConfig();
  await file?.write(config);
  if (terraform !== undefined) stdout.write(terraformLine(terraform, config));
}
