import type { GoBuildInfo } from './go-build-info.js';

/** What one has to know to start the plugins of a host: its magic cookie, and what it speaks. */
export interface Profile {
  readonly name: string;
  readonly cookieKey: string;
  readonly cookieValue: string;
  /** Application protocol versions that hosts of this kind offer. */
  readonly versions: readonly number[];
  readonly protocol: 'grpc' | 'netrpc';
  /** net/rpc: the name of the object that plugins of this host have. */
  readonly dispense?: string;
  /** Variables that the host sets for its plugins, besides those of go-plugin. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a program is a plugin of this host, by its path and by the modules that it is built with. */
  detect(program: Program): boolean;
}

/** What is known of a program without running it. */
export interface Program {
  readonly path: string;
  readonly build: GoBuildInfo | undefined;
}

const named =
  (pattern: RegExp) =>
  ({ path }: Program): boolean =>
    pattern.test(path);

const built =
  (...modules: readonly string[]) =>
  ({ build }: Program): boolean =>
    build !== undefined && modules.some((module) => build.module === module || build.dependencies.has(module));

const either =
  (...tests: readonly ((program: Program) => boolean)[]) =>
  (program: Program): boolean =>
    tests.some((test) => test(program));

const VAULT_SDK = ['github.com/hashicorp/vault/sdk', 'github.com/openbao/openbao/sdk/v2'] as const;

/** Without it Vault's plugins ask Vault itself for their certificate. */
const VAULT_ENV = { VAULT_PLUGIN_AUTOMTLS_ENABLED: 'true' } as const;

/** Cookies stand in the source of each host. The first profile that fits is taken, so narrower ones come first. */
export const PROFILES: readonly Profile[] = [
  {
    name: 'terraform',
    cookieKey: 'TF_PLUGIN_MAGIC_COOKIE',
    cookieValue: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
    versions: [5, 6],
    protocol: 'grpc',
    detect: either(
      named(/(?:^|[/\\])(?:terraform|opentofu)-provider-[^/\\]*$/),
      built('github.com/hashicorp/terraform-plugin-go'),
    ),
  },
  {
    name: 'vault-database',
    cookieKey: 'VAULT_DATABASE_PLUGIN',
    cookieValue: '926a0820-aea2-be28-51d6-83cdf00e8edb',
    versions: [4, 5, 6],
    protocol: 'grpc',
    env: VAULT_ENV,
    detect: named(/(?:^|[/\\])(?:vault|openbao)-plugin-database-[^/\\]*$|-database-plugin[^/\\]*$/),
  },
  {
    name: 'vault',
    cookieKey: 'VAULT_BACKEND_PLUGIN',
    cookieValue: '6669da05-b1c8-4f49-97d9-c8e5bed98e20',
    versions: [3, 4, 5],
    protocol: 'grpc',
    env: VAULT_ENV,
    detect: either(named(/(?:^|[/\\])(?:vault|openbao)-plugin-[^/\\]*$/), built(...VAULT_SDK)),
  },
  {
    name: 'nomad',
    cookieKey: 'NOMAD_PLUGIN_MAGIC_COOKIE',
    cookieValue: 'e4327c2e01eabfd75a8a67adb114fb34a757d57eee7728d857a8cec6e91a7255',
    versions: [1, 2],
    protocol: 'grpc',
    detect: named(/(?:^|[/\\])nomad-(?:driver|device)-[^/\\]*$/),
  },
  {
    name: 'tflint',
    cookieKey: 'TFLINT_RULESET_PLUGIN',
    cookieValue: '5adSn1bX8nrDfgBqiAqqEkC6OE1h3iD8SqbMc5UUONx8x3xCF0KlPDsBRNDjoYDP',
    versions: [9, 10, 11],
    protocol: 'grpc',
    detect: either(
      named(/(?:^|[/\\])tflint-ruleset-[^/\\]*$/),
      built('github.com/terraform-linters/tflint-plugin-sdk'),
    ),
  },
  {
    // The plugin compares the cookie with what it finds in its own environment, so any value is right.
    name: 'crowdsec',
    cookieKey: 'CROWDSEC_PLUGIN_KEY',
    cookieValue: 'rxplug',
    versions: [1],
    protocol: 'grpc',
    detect: named(/[/\\]crowdsec[/\\]plugins[/\\][^/\\]+$/),
  },
  {
    name: 'mattermost',
    cookieKey: 'MATTERMOST_PLUGIN',
    cookieValue: 'Securely message teams, anywhere.',
    versions: [1],
    protocol: 'netrpc',
    dispense: 'hooks',
    detect: built('github.com/mattermost/mattermost/server/public'),
  },
  {
    name: 'grafana',
    cookieKey: 'grafana_plugin_type',
    cookieValue: 'datasource',
    versions: [2],
    protocol: 'grpc',
    detect: either(named(/(?:^|[/\\])gpx_[^/\\]*$/), built('github.com/grafana/grafana-plugin-sdk-go')),
  },
];

/** The profile that fits a program, if any does. */
export function detectProfile(program: Program): Profile | undefined {
  return PROFILES.find((profile) => profile.detect(program));
}
