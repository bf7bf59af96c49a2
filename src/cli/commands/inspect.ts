import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { filter, firstValueFrom } from 'rxjs';
import type { Handshake } from 'rxplug/wire';
import { findFacts } from '../inspect/facts.js';
import { endingRows, handshakeRows, healthRows, type Life, type Row, tlsText } from '../inspect/rows.js';
import { StartRecord } from '../inspect/start-record.js';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { answersOnce, takesOne } from '../schema/dynamic-call.js';
import { readSchema } from '../schema/read-schema.js';
import { Schema } from '../schema/schema.js';
import { allVersions } from '../target/all-versions.js';
import { hasOwnTls } from '../target/client-options.js';
import type { GoBuildInfo } from '../target/go-build-info.js';
import type { TargetFlags } from '../target/options.js';
import { type StartedPlugin, withPlugin } from '../target/started-plugin.js';
import { type AnyTarget, resolveWords } from '../target/words.js';
import { type Colors, colorsFor } from '../terminal/colors.js';
import { columns } from '../terminal/columns.js';
import { withLabels } from '../terminal/emphasis.js';
import { visible } from '../terminal/visible.js';
import { type SchemaFlags, saveSchema, schemaText } from './inspect-schema.js';

export interface InspectFlags extends TargetFlags, SchemaFlags {
  readonly json: boolean;
  readonly allVersions: boolean;
}

/** What is told of a plugin. */
export interface Inspection extends Life {
  /** Its command line, or where it runs. */
  readonly program: string;
  /** It ran before, and runs on. */
  readonly reattached: boolean;
  readonly profile: string | undefined;
  /** Name and version that the plugin's manifest says. */
  readonly manifest: string | undefined;
  readonly goVersion: string | undefined;
  readonly module: string | undefined;
  /** Versions of the modules that decide how a plugin behaves. */
  readonly builtWith: Readonly<Record<string, string>>;
  readonly handshake: Pick<Handshake, 'appVersion' | 'protocol' | 'address'> & {
    readonly autoMtls: boolean;
    /** TLS with certificates of the user. */
    readonly ownTls: boolean;
  };
  readonly services: readonly InspectedService[];
}

export interface InspectedService {
  readonly name: string;
  /** Undefined where the plugin does not describe the service. */
  readonly methods: readonly string[] | undefined;
  /** The file without which methods and types of the service are not known. */
  readonly missing: string | undefined;
}

/** `rxplug inspect PROGRAM [NAME]`; the name is that of a service, a method or a type. */
export const inspect = reporting(async function (
  this: CliContext,
  flags: InspectFlags,
  ...words: readonly string[]
): Promise<void> {
  const { target, rest } = await resolveWords(this, flags, words);
  const [name] = rest;
  const record = new StartRecord();
  const look = async (plugin: StartedPlugin): Promise<Inspection | string> => {
    const schema = await schemaOf(plugin, name, flags);
    await saveSchema(schema, flags, this);
    const text = schemaText(schema, name, flags);
    if (text !== undefined) return text;
    const found = await describe(target, plugin, schema, flags);
    return name === undefined ? { ...found, ...(await findFacts(plugin, record)) } : found;
  };
  const found = await withPlugin(target, flags, this, look, { record });
  const text =
    typeof found === 'string'
      ? found
      : pluginText(
          name === undefined ? await completed(this, target, flags, found, record) : found,
          name,
          flags,
          colorsFor(this.process.stdout),
        );
  this.process.stdout.write(`${text}\n`);
});

/** With what is known when the plugin has ended. */
async function completed(
  context: CliContext,
  target: AnyTarget,
  flags: InspectFlags,
  found: Inspection,
  { log, ending: ended }: StartRecord,
): Promise<Inspection> {
  if (target.kind === 'running') return found;
  const { appVersion: version, protocol, autoMtls } = found.handshake;
  const { versions: offered } = target;
  const further = flags.allVersions
    ? await allVersions(target, flags, context, { version, protocol, autoMtls })
    : undefined;
  return { ...found, offered, log, ended, ...further };
}

async function schemaOf(plugin: StartedPlugin, name: string | undefined, flags: InspectFlags): Promise<Schema> {
  if (plugin.protocol === 'grpc') return await readSchema(plugin.channel, flags.descriptors ?? []);
  if (name === undefined) return new Schema([], []);
  throw new UsageError(`The plugin speaks net/rpc, which has no reflection: nothing is known of ${name}.`);
}

function pluginText(found: Inspection, name: string | undefined, { json }: InspectFlags, colors: Colors): string {
  const shown = name === undefined ? found : { ...found, services: [onlyService(found, name)] };
  const text = visible(json ? JSON.stringify(shown, undefined, 2) : render(shown, name !== undefined));
  return json ? text : withLabels(text, colors);
}

async function describe(
  target: AnyTarget,
  { client, autoMtls }: StartedPlugin,
  schema: Schema,
  flags: TargetFlags,
): Promise<Inspection> {
  const {
    protocolVersion: appVersion,
    protocol,
    address,
  } = await firstValueFrom(client.state$.pipe(filter((state) => state.status === 'running')));
  const { profile, build, manifest } = target.kind === 'program' ? target : {};
  return {
    program: target.title,
    reattached: target.kind === 'running',
    profile: profile?.name,
    manifest: manifest === undefined ? undefined : `${manifest.name} ${manifest.version}`,
    goVersion: build?.goVersion,
    module: build?.module === undefined ? undefined : `${build.module} ${build.moduleVersion ?? ''}`.trim(),
    builtWith: modulesOf(build),
    handshake: { appVersion, protocol, address, autoMtls, ownTls: hasOwnTls(flags) },
    services: [...schema.services].map(([name, service]) => ({
      name,
      methods: service?.methods.map(signature),
      missing: schema.missingFor(name),
    })),
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
function signature(method: DescMethod): string {
  const { name, input, output, parent } = method;
  const inPackage = (typeName: string): string => localName(typeName, parent);
  const request = takesOne(method) ? '' : 'stream ';
  const response = answersOnce(method) ? '' : 'stream ';
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
  const { appVersion, protocol, address, autoMtls, ownTls } = found.handshake;
  const built = Object.entries(found.builtWith).map(([name, version]) => `${name} ${version}`);
  const rows: Row[] = [[found.reattached ? 'plugin' : 'program', found.program]];
  if (found.module !== undefined) rows.push(['module', found.module]);
  if (found.goVersion !== undefined) rows.push(['built with', [found.goVersion, ...built].join(' · ')]);
  if (!found.reattached) rows.push(['profile', found.profile ?? 'none']);
  if (found.manifest !== undefined) rows.push(['manifest', found.manifest]);
  const place = `version ${appVersion}, ${protocol}, ${address.network} ${address.address}`;
  rows.push(
    ...handshakeRows(found, appVersion, [found.reattached ? 'speaks' : 'handshake', place]),
    ['TLS', tlsText(found, autoMtls ? 'AutoMTLS' : ownTls ? 'with the given certificates' : 'none')],
    ...healthRows(found),
    [
      'services',
      found.services.length === 0
        ? found.handshake.protocol === 'netrpc'
          ? 'not told: net/rpc has no reflection'
          : 'not told: the plugin has no reflection'
        : '',
    ],
  );
  const services = found.services.flatMap((service) => [
    `  ${service.name}${noteOn(service, withMethods)}`,
    ...(withMethods ? (service.methods ?? []).map((method) => `    ${method}`) : []),
  ]);
  const lines = columns([...rows, ...endingRows(found)]);
  return [...lines.slice(0, rows.length), ...services, ...lines.slice(rows.length)].join('\n');
}

function noteOn({ methods, missing }: InspectedService, withMethods: boolean): string {
  if (methods === undefined) return '  (not described: give --descriptors)';
  const count = withMethods ? '' : `  ${methods.length} ${methods.length === 1 ? 'method' : 'methods'}`;
  return missing === undefined ? count : `${count}  (described in part: ${missing} is missing; give --descriptors)`;
}
