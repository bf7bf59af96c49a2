import { resolve } from 'node:path';
import { StartError } from '../../errors.js';
import type { ProcessRunnerOptions } from '../process/process-runner.js';
import type { RunnerSpec } from '../runner.js';
import { openVerified } from '../secure/open-verified.js';
import type { VerifiedCommand, VerifiedPlugin } from '../secure/verified-plugin.js';
import { type AnonymousFile, anonymousFile } from './anonymous-file.js';
import { bwrapArguments, throughShell } from './command-line.js';
import { createMemoryGroup, type MemoryGroup } from './memory-group.js';
import { mountsOf } from './mounts.js';
import type { ResolvedSandboxOptions } from './options.js';
import { findBwrap, tryOut } from './preflight.js';
import { type ProgramFiles, programFiles } from './program.js';
import { systemCallFilter } from './system-calls.js';

/** A process that is ready to be started. */
export interface PreparedSandbox {
  readonly process: ProcessRunnerOptions;
  /** False where there can be none and the options allow that. */
  readonly sandboxed: boolean;
  /** What the author of a plugin needs to know that ended before its handshake; empty if nothing. */
  readonly note: string;
  /** Whether the kernel killed it because of its limit on memory. Never rejects. */
  ranOutOfMemory(): Promise<boolean>;
  /** Closes and removes what was made for it, once it has ended. Never rejects. */
  close(): Promise<void>;
}

/** What was found out about the command. */
interface Plan {
  readonly spec: RunnerSpec;
  readonly options: ResolvedSandboxOptions;
  readonly command: VerifiedCommand;
  readonly needs: ProgramFiles;
  readonly verified: VerifiedPlugin | undefined;
  /** The environment of the plugin, and of everything between it and the host: a plugin can read that of bwrap in /proc. */
  readonly env: Readonly<Record<string, string>>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Finds out how the command is to be run in a sandbox, and tries bwrap out. Rejects with StartError ERR_SANDBOX or ERR_SPAWN, OptionsError
 * for a path that does not exist, SecurityError for another checksum, or with the signal's reason.
 */
export async function prepareSandbox(
  spec: RunnerSpec,
  options: ResolvedSandboxOptions,
  signal: AbortSignal,
): Promise<PreparedSandbox> {
  const path = process.env['PATH'];
  const [file, ...args] = options.command;
  const command = { file, args, cwd: options.cwd, env: path === undefined ? {} : { PATH: path } };
  const needs = await programFiles(command);
  const env = { PATH: [...needs.searched, PATH].join(':'), HOME: '/tmp', ...options.env, ...spec.ownEnv };
  const { secureConfig } = options;
  const verified = secureConfig === undefined ? undefined : await openVerified(command, secureConfig, { signal });
  try {
    return await inSandbox({ spec, options, command, needs, verified, env }, signal);
  } catch (error) {
    await verified?.close();
    if (!(error instanceof StartError && error.code === 'ERR_SANDBOX') || options.whenMissing === 'refuse') throw error;
    spec.logger.warn(`The plugin runs without a sandbox, with all rights of the host. ${error.message}`);
    return withoutSandbox([needs.program, ...args], options, env);
  }
}

async function inSandbox(plan: Plan, signal: AbortSignal): Promise<PreparedSandbox> {
  const { spec, options, command, needs, verified, env } = plan;
  const bwrap = await findBwrap(options.bwrap, options.cwd, signal);
  const readOnly = [...options.readOnly, ...directoryOf(options)];
  const paths = { readOnly, writable: options.writable, files: needs.files };
  const mounts = await mountsOf({ ...paths, checked: verified?.file?.path });
  const calls = systemCallFilter();
  const argumentsFor = (which: typeof mounts): Promise<string[]> =>
    bwrapArguments({ ...options, filtered: calls !== undefined }, spec.socketDir, which, bwrap.features);
  const base = await argumentsFor(mounts.filter(({ how }) => how !== 'data'));
  const group = options.memoryBytes === undefined ? undefined : await createMemoryGroup(options.memoryBytes);
  const filter = calls === undefined ? undefined : await anonymousFile(calls);
  try {
    const limits = { dataBytes: group === undefined ? options.memoryBytes : undefined, cgroupProcs: group?.procs };
    const shell = { ...limits, filter: filter?.path };
    await tryOut(throughShell([bwrap.program, ...base, '/bin/sh', '-c', ':'], shell), env, signal);
    const data = verified?.file === undefined ? undefined : `/proc/${process.pid}/fd/${verified.file.descriptor}`;
    const words = [bwrap.program, ...(await argumentsFor(mounts)), needs.program, ...command.args];
    const run = { command: throughShell(words, { ...shell, data }), cwd: '/', env };
    return { process: run, sandboxed: true, note: verified?.spawn.note ?? '', ...endOf(group, verified, filter) };
  } catch (error) {
    await Promise.all([group?.remove(), filter?.close()]);
    throw error;
  }
}

/** A directory that was checked is run by its path: nobody but this user may write to it. */
function directoryOf({ secureConfig, cwd }: ResolvedSandboxOptions): string[] {
  const directory = secureConfig?.directory;
  return directory === undefined ? [] : [resolve(cwd, directory)];
}

function endOf(group?: MemoryGroup, verified?: VerifiedPlugin, filter?: AnonymousFile) {
  return {
    ranOutOfMemory: async () => (await group?.wasExceeded()) ?? false,
    close: async () => {
      await Promise.all([group?.remove(), filter?.close(), verified?.close().catch(() => {})]);
    },
  };
}

/** What of the options holds without a sandbox: the environment and the checksum. */
function withoutSandbox(
  command: readonly [string, ...string[]],
  { cwd, secureConfig }: ResolvedSandboxOptions,
  env: Readonly<Record<string, string>>,
): PreparedSandbox {
  return {
    process: { command, cwd, env, ...(secureConfig === undefined ? {} : { secureConfig }) },
    sandboxed: false,
    note: '',
    ...endOf(),
  };
}
