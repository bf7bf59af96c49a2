import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { firstValueFrom } from 'rxjs';
import type { Handshake } from 'rxplug/wire';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { readSchema } from '../schema/read-schema.js';
import type { GoBuildInfo } from '../target/go-build-info.js';
import type { TargetFlags } from '../target/options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { type StartedPlugin, withPlugin } from '../target/started-plugin.js';
import { columns } from '../terminal/columns.js';
import { visible } from '../terminal/visible.js';

export interface InspectFlags extends TargetFlags {
  readonly json: boolean;
}

/** What is told of a plugin. */
export interface Inspection {
  readonly program: string;
  readonly profile: string | undefined;
  readonly goVersion: string | undefined;
  readonly module: string | undefined;
  /** Versions of the modules that decide how a plugin behaves. */
  readonly builtWith: Readonly<Record<string, string>>;
  readonly handshake: Pick<Handshake, 'appVersion' | 'protocol' | 'address'> & {
    readonly autoMtls: boolean;
  };
  readonly services: readonly InspectedService[];
}

export interface InspectedService {
  readonly name: string;
  /** Undefined where the plugin does not describe the service. */
  readonly methods: readonly string[] | undefined;
}

/** `rxplug inspect PROGRAM [SERVICE]`. */
export const inspect = reporting(async function (
  this: CliContext,
  flags: InspectFlags,
  ...words: readonly string[]
): Promise<void> {
  const [command, [name]] =
    this.pluginCommand.length > 0 ? [this.pluginCommand, words] : [words.slice(0, 1), words.slice(1)];
  const target = await resolveTarget(command, flags);
  const found = await withPlugin(target, flags, this, (plugin) => describe(target, plugin, flags.descriptors ?? []));
  const shown = name === undefined ? found : { ...found, services: [onlyService(found, name)] };
  const text = flags.json ? JSON.stringify(shown, undefined, 2) : visible(render(shown, name !== undefined));
  this.process.stdout.write(`${text}\n`);
});

async function describe(
  target: Target,
  { client, channel, autoMtls }: StartedPlugin,
  descriptors: readonly string[],
): Promise<Inspection> {
  const { appVersion, protocol, address } = await firstValueFrom(client.handshake$);
  const schema = await readSchema(channel, descriptors);
  return {
    program: target.command.join(' '),
    profile: target.profile?.name,
    goVersion: target.build?.goVersion,
    module:
      target.build?.module === undefined
        ? undefined
        : `${target.build.module} ${target.build.moduleVersion ?? ''}`.trim(),
    builtWith: modulesOf(target.build),
    handshake: { appVersion, protocol, address, autoMtls },
    services: [...schema.services].map(([name, service]) => ({ name, methods: service?.methods.map(signature) })),
  };
}

const TOLD_MODULES: Readonly<Record<string, string>> = {
  'github.com/hashicorp/go-plugin': 'go-plugin',
  'google.golang.org/grpc': 'grpc',
  'github.com/hashicorp/yamux': 'yamux',
  'github.com/hashicorp/go-hclog': 'hclog',
};

function modulesOf(build: GoBuildInfo | undefined): Readonly<Record<string, string>> {
  const found = Object.entries(TOLD_MODULES).flatMap(([path, name]) => {
    const version = build?.dependencies.get(path);
    return version === undefined ? [] : [[name, version.replace(/^v/, '')] as const];
  });
  return Object.fromEntries(found);
}

/** `rpc Get(kv.v1.GetRequest) returns (stream kv.v1.Entry)`, without the service's package. */
function signature({ name, methodKind, input, output, parent }: DescMethod): string {
  const inPackage = (typeName: string): string => localName(typeName, parent);
  const request = methodKind === 'client_streaming' || methodKind === 'bidi_streaming' ? 'stream ' : '';
  const response = methodKind === 'server_streaming' || methodKind === 'bidi_streaming' ? 'stream ' : '';
  return `rpc ${name}(${request}${inPackage(input.typeName)}) returns (${response}${inPackage(output.typeName)})`;
}

function localName(typeName: string, { file }: DescService): string {
  const prefix = `${file.proto.package}.`;
  return prefix !== '.' && typeName.startsWith(prefix) ? typeName.slice(prefix.length) : typeName;
}

function onlyService({ services }: Inspection, name: string): InspectedService {
  const found = services.find((service) => service.name === name || service.name.endsWith(`.${name}`));
  if (found !== undefined) return found;
  throw new UsageError(
    `The plugin has no service ${name}. It has ${services.map((service) => service.name).join(', ') || 'none'}.`,
  );
}

function render(found: Inspection, withMethods: boolean): string {
  const { appVersion, protocol, address, autoMtls } = found.handshake;
  const built = Object.entries(found.builtWith).map(([name, version]) => `${name} ${version}`);
  const rows: (readonly [string, string])[] = [['program', found.program]];
  if (found.module !== undefined) rows.push(['module', found.module]);
  if (found.goVersion !== undefined) rows.push(['built with', [found.goVersion, ...built].join(' · ')]);
  rows.push(
    ['profile', found.profile ?? 'none'],
    ['handshake', `version ${appVersion}, ${protocol}, ${address.network} ${address.address}`],
    ['TLS', autoMtls ? 'AutoMTLS' : 'none'],
    ['services', found.services.length === 0 ? 'not told: the plugin has no reflection' : ''],
  );
  const services = found.services.flatMap(({ name, methods }) => [
    `  ${name}${methods === undefined ? '  (not described: give --descriptors)' : withMethods ? '' : `  ${methods.length} ${methods.length === 1 ? 'method' : 'methods'}`}`,
    ...(withMethods ? (methods ?? []).map((method) => `    ${method}`) : []),
  ]);
  return [...columns(rows), ...services].join('\n');
}
