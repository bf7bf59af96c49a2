import { buildApplication, buildChoiceParser, buildCommand, buildRouteMap, text_en } from '@stricli/core';
import { BUILD_ALIASES, BUILD_FLAGS, type BuildFlags } from './build/flags.js';
import type { CallFlags } from './call/flags.js';
import type { CheckFlags } from './commands/check-plugin.js';
import type { DiscoverFlags } from './commands/discover.js';
import type { GenerateFlags } from './commands/generate.js';
import type { InspectFlags } from './commands/inspect.js';
import type { RunFlags } from './commands/run.js';
import type { SidecarFlags } from './commands/sidecar.js';
import type { Shell } from './completion/scripts.js';
import type { CliContext } from './process/context.js';
import { CommandFailure } from './process/exit-code.js';
import { CHECK_FLAGS } from './report/flags.js';
import { RUN_FLAGS } from './run/flags.js';
import { SIDECAR_FLAGS } from './sidecar/flags.js';
import { PROGRAM, START_FLAGS, TARGET_ALIASES, TARGET_FLAGS } from './target/flags.js';
import { parseDuration } from './target/options.js';

const text = (value: string): string => value;
const word = { parse: text, optional: true } as const;

/** The commands are loaded when they are run, so that `--help` is as fast as Node. */
const routes = buildRouteMap({
  routes: {
    inspect: buildCommand<InspectFlags, string[], CliContext>({
      loader: async () => (await import('./commands/inspect.js')).inspect,
      parameters: {
        flags: {
          ...TARGET_FLAGS,
          json: { kind: 'boolean', default: false, brief: 'Print JSON' },
          allVersions: {
            kind: 'boolean',
            default: false,
            brief: 'Start it once more for each version that it speaks, and with multiplexing',
          },
          template: { kind: 'boolean', default: false, brief: 'Print a request to fill in, of a method or a message' },
          saveDescriptors: {
            kind: 'parsed',
            parse: text,
            optional: true,
            brief: 'Write a descriptor set to this file',
          },
          saveProtos: { kind: 'parsed', parse: text, optional: true, brief: 'Write .proto files into this folder' },
        },
        aliases: TARGET_ALIASES,
        positional: { kind: 'array', parameter: { ...PROGRAM, placeholder: 'program [service|method|type]' } },
      },
      docs: {
        brief: 'Start a plugin and tell what it is: handshake, TLS, services',
        customUsage: ['[flags] PROGRAM [SERVICE|METHOD|TYPE]', '[flags] [SERVICE|METHOD|TYPE] -- PROGRAM ARGUMENT...'],
      },
    }),
    call: buildCommand<CallFlags, string[], CliContext>({
      loader: async () => (await import('./commands/call.js')).call,
      parameters: {
        flags: {
          ...TARGET_FLAGS,
          metadata: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'Metadata, KEY=VALUE' },
          deadline: { kind: 'parsed', parse: parseDuration, optional: true, brief: 'Bound of the call' },
          script: { kind: 'parsed', parse: text, optional: true, brief: 'Calls of a file, or of - for stdin' },
          lend: {
            kind: 'parsed',
            parse: text,
            variadic: true,
            optional: true,
            brief: 'Stub for the plugin, SERVICE=FILE',
          },
          emitDefaults: { kind: 'boolean', default: false, brief: 'Print fields that have their default value' },
          args: { kind: 'parsed', parse: text, optional: true, brief: 'net/rpc: Go type of the arguments' },
          reply: { kind: 'parsed', parse: text, optional: true, brief: 'net/rpc: Go type of the reply' },
          ignoreUnknown: { kind: 'boolean', default: false, brief: 'Leave out fields that the type does not have' },
          json: { kind: 'boolean', default: false, brief: 'Each answer on one line' },
        },
        aliases: { ...TARGET_ALIASES, m: 'metadata' },
        positional: { kind: 'array', parameter: { ...PROGRAM, placeholder: 'program method [json]' } },
      },
      docs: {
        brief: 'Start a plugin and call a method: JSON in, JSON out',
        customUsage: ['[flags] PROGRAM METHOD [JSON...]', '[flags] METHOD [JSON...] -- PROGRAM ARGUMENT...'],
      },
    }),
    run: buildCommand<RunFlags, string[], CliContext>({
      loader: async () => (await import('./commands/run.js')).run,
      parameters: {
        flags: { ...START_FLAGS, ...RUN_FLAGS },
        positional: { kind: 'array', parameter: PROGRAM },
      },
      docs: {
        brief: 'Keep a plugin running: its log, its output, its states, and where others find it',
        customUsage: ['[flags] PROGRAM', '[flags] -- PROGRAM ARGUMENT...'],
      },
    }),
    sidecar: buildCommand<SidecarFlags, string[], CliContext>({
      loader: async () => (await import('./commands/sidecar.js')).sidecar,
      parameters: {
        flags: SIDECAR_FLAGS,
        positional: { kind: 'array', parameter: PROGRAM },
      },
      docs: {
        brief: 'Keep a plugin running beside its host, which finds it in a folder',
        customUsage: ['--dir FOLDER --name NAME [flags] -- PROGRAM ARGUMENT...', '--dir FOLDER --name NAME --probe'],
      },
    }),
    discover: buildCommand<DiscoverFlags, [directory?: string], CliContext>({
      loader: async () => (await import('./commands/discover.js')).discover,
      parameters: {
        flags: {
          pattern: { kind: 'parsed', parse: text, default: '*', brief: 'File names to look at' },
          run: { kind: 'boolean', default: false, brief: 'Start each of them, four at a time' },
          cookie: TARGET_FLAGS.cookie,
          profile: TARGET_FLAGS.profile,
          protocolVersions: TARGET_FLAGS.protocolVersions,
          timeout: { ...TARGET_FLAGS.timeout, default: '10s' },
          json: { kind: 'boolean', default: false, brief: 'Print JSON' },
        },
        positional: { kind: 'tuple', parameters: [{ ...word, brief: 'Folder', placeholder: 'folder' }] },
      },
      docs: {
        brief: 'List the plugins of a folder; nothing is started without --run',
        customUsage: ['[flags] [FOLDER]'],
      },
    }),
    build: buildCommand<BuildFlags, [entry?: string], CliContext>({
      loader: async () => (await import('./commands/build.js')).build,
      parameters: {
        flags: BUILD_FLAGS,
        aliases: BUILD_ALIASES,
        positional: { kind: 'tuple', parameters: [{ ...word, brief: "Program's source", placeholder: 'entry' }] },
      },
      docs: {
        brief: 'Make a script, a single executable or packages of a plugin in TypeScript',
        customUsage: ['[flags] ENTRY --out FILE'],
      },
    }),
    check: buildRouteMap({
      routes: {
        plugin: buildCommand<CheckFlags, string[], CliContext>({
          loader: async () => (await import('./commands/check-plugin.js')).check,
          parameters: {
            flags: CHECK_FLAGS,
            positional: { kind: 'array', parameter: PROGRAM },
          },
          docs: {
            brief: 'Check whether a program is the plugin that hosts expect',
            customUsage: ['[flags] PROGRAM', '[flags] -- PROGRAM ARGUMENT...', '--list'],
          },
        }),
      },
      docs: { brief: 'Check a plugin, item by item' },
    }),
    generate: buildCommand<GenerateFlags, [directory?: string], CliContext>({
      loader: async () => (await import('./commands/generate.js')).generate,
      parameters: {
        flags: {
          out: { kind: 'parsed', parse: text, default: 'src/gen', brief: 'Folder to write into' },
          importSuffix: {
            kind: 'enum',
            values: ['js', 'ts', 'none'],
            default: 'js',
            brief: 'How generated files import each other',
          },
          json: { kind: 'boolean', default: false, brief: 'Print JSON' },
        },
        positional: {
          kind: 'tuple',
          parameters: [{ ...word, brief: 'Folder of .proto files; proto if left out', placeholder: 'folder' }],
        },
      },
      docs: { brief: 'Make TypeScript of .proto files, with ts-proto' },
    }),
    plugin: buildCommand<Readonly<Record<never, never>>, [], CliContext>({
      loader: async () => (await import('./commands/plugin.js')).plugin,
      parameters: {
        flags: {},
        positional: { kind: 'tuple', parameters: [] },
      },
      docs: {
        brief: 'Find, verify, install and publish plugins, with the package rxplug-store',
        customUsage: ['COMMAND...'],
      },
    }),
    completion: buildCommand<Readonly<Record<never, never>>, [shell: Shell], CliContext>({
      loader: async () => (await import('./commands/completion.js')).completion,
      parameters: {
        flags: {},
        positional: {
          kind: 'tuple',
          parameters: [
            {
              parse: buildChoiceParser(['bash', 'zsh']),
              proposeCompletions: (partial) => ['bash', 'zsh'].filter((shell) => shell.startsWith(partial)),
              brief: 'Shell: bash or zsh',
              placeholder: 'shell',
            },
          ],
        },
      },
      docs: { brief: 'Print the completion of a shell: eval "$(rxplug completion bash)"' },
    }),
  },
  docs: { brief: 'Looks into go-plugin plugins of any language, and makes them of TypeScript.' },
});

export const app = buildApplication(routes, {
  name: 'rxplug',
  scanner: { caseStyle: 'allow-kebab-for-camel' },
  documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: true },
  determineExitCode: (error) => (error instanceof CommandFailure ? error.exitCode : 1),
  localization: {
    text: {
      ...text_en,
      exceptionWhileRunningCommand: (error) => (error instanceof Error ? error.message : String(error)),
    },
  },
});
