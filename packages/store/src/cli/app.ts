import { buildApplication, buildCommand, buildRouteMap, numberParser, text_en } from '@stricli/core';
import type { AddFlags } from './commands/add.js';
import type { IndexFlags } from './commands/index.js';
import type { InstallFlags } from './commands/install.js';
import type { KeygenFlags } from './commands/keygen.js';
import type { PackFlags } from './commands/pack.js';
import type { PruneFlags } from './commands/prune.js';
import type { PushFlags } from './commands/push.js';
import type { SignFlags } from './commands/sign.js';
import type { CliContext } from './context.js';
import { CommandFailure, failureOf } from './failure.js';
import { JSON_FLAG, LOCK_FLAGS, type LockFlags, STORE_FLAGS, type StoreFlags } from './store-flags.js';

const text = (value: string): string => value;
const optional = { kind: 'parsed', parse: text, optional: true } as const;
const names = {
  kind: 'array',
  parameter: { parse: text, brief: 'What the application calls it', placeholder: 'name' },
} as const;

/** One word that has to be given. */
function word(placeholder: string, brief: string) {
  return { parse: text, placeholder, brief } as const;
}

const PLATFORMS = { ...optional, variadic: true, brief: 'Platform such as linux-x64; this one if left out' } as const;
const PASSWORD_FILE = { ...optional, brief: 'File with the password of the key, or - for stdin' } as const;
const BASE_URL = { ...optional, brief: 'Where the files will be; {version} stands for the version' } as const;

/** What an application installs. */
const INSTALLING = {
  add: buildCommand<AddFlags, [address: string], CliContext>({
    loader: async () => (await import('./commands/add.js')).add,
    parameters: {
      flags: {
        as: { ...optional, brief: 'What the application calls it; the last part of its name if left out' },
        range: { ...optional, brief: 'Versions that may be chosen, such as ^1.4' },
        name: { ...optional, brief: "The plugin's name, for a source without a manifest" },
        binary: { ...optional, brief: 'The program in the container images of oci: that is the plugin' },
        platform: PLATFORMS,
        yes: { kind: 'boolean', default: false, brief: 'Trust the signer without asking' },
        ...STORE_FLAGS,
      },
      positional: { kind: 'tuple', parameters: [word('address', 'dir:, https: or oci: and where the plugin is')] },
    },
    docs: { brief: 'Add the newest version in a range to the lock file, and install it' },
  }),
  install: buildCommand<InstallFlags, string[], CliContext>({
    loader: async () => (await import('./commands/install.js')).install,
    parameters: { flags: { platform: PLATFORMS, ...STORE_FLAGS }, positional: names },
    docs: { brief: 'Install exactly what the lock file says' },
  }),
  update: buildCommand<StoreFlags, string[], CliContext>({
    loader: async () => (await import('./commands/update.js')).update,
    parameters: { flags: STORE_FLAGS, positional: names },
    docs: { brief: 'Move plugins to the newest versions in their ranges' },
  }),
  remove: buildCommand<LockFlags, string[], CliContext>({
    loader: async () => (await import('./commands/remove.js')).remove,
    parameters: { flags: LOCK_FLAGS, positional: { ...names, minimum: 1 } },
    docs: { brief: 'Take plugins out of the lock file', customUsage: ['[flags] NAME...'] },
  }),
  prune: buildCommand<PruneFlags, [], CliContext>({
    loader: async () => (await import('./commands/prune.js')).prune,
    parameters: {
      flags: {
        days: { kind: 'parsed', parse: numberParser, default: '30', brief: 'For how long nobody has used it' },
        ...LOCK_FLAGS,
      },
      positional: { kind: 'tuple', parameters: [] },
    },
    docs: { brief: 'Remove from the store what the lock file does not name, and nobody has used for a while' },
  }),
  list: buildCommand<StoreFlags, [], CliContext>({
    loader: async () => (await import('./commands/list.js')).list,
    parameters: { flags: STORE_FLAGS, positional: { kind: 'tuple', parameters: [] } },
    docs: { brief: 'List the plugins of the lock file' },
  }),
  verify: buildCommand<StoreFlags, string[], CliContext>({
    loader: async () => (await import('./commands/verify.js')).verify,
    parameters: { flags: STORE_FLAGS, positional: names },
    docs: { brief: 'Verify the signatures and the files of what is installed' },
  }),
  mirror: buildCommand<InstallFlags, string[], CliContext>({
    loader: async () => (await import('./commands/mirror.js')).mirror,
    parameters: {
      flags: {
        platform: {
          ...optional,
          variadic: true,
          brief: 'Platform such as linux-x64; all of the lock file if left out',
        },
        ...STORE_FLAGS,
      },
      positional: {
        kind: 'array',
        parameter: word('folder', 'Folder of the mirror, and what the application calls plugins'),
        minimum: 1,
      },
    },
    docs: {
      brief: 'Copy the files of the lock file into a folder, for where there is no network',
      customUsage: ['[flags] FOLDER [NAME...]'],
    },
  }),
  trust: buildCommand<StoreFlags, [name: string, key: string], CliContext>({
    loader: async () => (await import('./commands/trust.js')).trust,
    parameters: {
      flags: STORE_FLAGS,
      positional: {
        kind: 'tuple',
        parameters: [
          word('name', 'What the application calls the plugin'),
          word('key', 'Public key RWQ…, or its file'),
        ],
      },
    },
    docs: { brief: 'Take a new key of a signer, when a version is signed by it' },
  }),
};

/** What the author of a plugin does. */
const PUBLISHING = {
  keygen: buildCommand<KeygenFlags, [], CliContext>({
    loader: async () => (await import('./commands/keygen.js')).keygen,
    parameters: {
      flags: {
        secret: { kind: 'parsed', parse: text, default: 'minisign.key', brief: 'File of the secret key' },
        public: { kind: 'parsed', parse: text, default: 'minisign.pub', brief: 'File of the public key' },
        passwordFile: PASSWORD_FILE,
        noPassword: { kind: 'boolean', default: false, brief: 'Write the secret key as it is' },
        ...JSON_FLAG,
      },
      positional: { kind: 'tuple', parameters: [] },
    },
    docs: { brief: 'Make a key to sign with, as minisign does' },
  }),
  pack: buildCommand<PackFlags, [folder: string], CliContext>({
    loader: async () => (await import('./commands/pack.js')).pack,
    parameters: {
      flags: {
        out: { kind: 'parsed', parse: text, default: '.', brief: 'Folder to write the archive into' },
        platform: { ...optional, brief: 'The platform that the folder is for, such as linux-x64' },
        ...JSON_FLAG,
      },
      positional: { kind: 'tuple', parameters: [word('folder', 'Folder with rxplug.plugin.json')] },
    },
    docs: { brief: 'Pack a folder with a manifest into an archive' },
  }),
  index: buildCommand<IndexFlags, [folder: string], CliContext>({
    loader: async () => (await import('./commands/index.js')).index,
    parameters: {
      flags: { baseUrl: BASE_URL, ...JSON_FLAG },
      positional: { kind: 'tuple', parameters: [word('folder', 'Folder with archives')] },
    },
    docs: { brief: 'Write the index of a folder of archives, to be served or copied' },
  }),
  sign: buildCommand<SignFlags, [folder: string], CliContext>({
    loader: async () => (await import('./commands/sign.js')).sign,
    parameters: {
      flags: {
        secret: { kind: 'parsed', parse: text, default: 'minisign.key', brief: 'File of the secret key' },
        passwordFile: PASSWORD_FILE,
        baseUrl: BASE_URL,
        ...JSON_FLAG,
      },
      positional: { kind: 'tuple', parameters: [word('folder', 'Folder with archives')] },
    },
    docs: { brief: 'Write the index of a folder of archives, and sign the versions that are not signed' },
  }),
  push: buildCommand<PushFlags, [folder: string, address: string], CliContext>({
    loader: async () => (await import('./commands/push.js')).push,
    parameters: {
      flags: {
        release: { ...optional, brief: 'The version; the newest of the folder if left out' },
        overwrite: { kind: 'boolean', default: false, brief: 'Replace a version that is there already' },
        insecure: STORE_FLAGS.insecure,
        ...JSON_FLAG,
      },
      positional: {
        kind: 'tuple',
        parameters: [word('folder', 'Folder with an index'), word('address', 'oci: and the repository')],
      },
    },
    docs: { brief: 'Push a version to an OCI registry' },
  }),
};

const routes = buildRouteMap({
  routes: { ...INSTALLING, ...PUBLISHING },
  docs: { brief: 'Finds, verifies and installs plugins, and packs, signs and publishes them.' },
});

export const app = buildApplication(routes, {
  name: 'rxplug plugin',
  scanner: { caseStyle: 'allow-kebab-for-camel' },
  documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: true },
  determineExitCode: (error) => (error instanceof CommandFailure ? error : failureOf(error)).exitCode,
  localization: { text: { ...text_en, exceptionWhileRunningCommand: (error) => failureOf(error).message } },
});
