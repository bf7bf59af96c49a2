import { OptionsError } from '../../errors.js';
import { describeValue } from '../option-names.js';
import { isPlainObject } from '../plain-object.js';
import { flag, integer, list, object, type Reader, sequence, table, text } from './fields.js';
import {
  HANDSHAKE_FIELDS,
  MANIFEST_NAMES,
  type ManifestHandshake,
  type ManifestNeeds,
  type ManifestPlugin,
  NEEDS_FIELDS,
  PLUGIN_FIELDS,
  type PluginManifest,
} from './manifest.js';
import {
  FILLED_TEXT,
  PLATFORM,
  PLUGIN_NAME,
  PROGRAM,
  SEMANTIC_VERSION,
  SERVICE_NAME,
  TEXT,
  VARIABLE_NAME,
  VERSION_RANGE,
  WORD,
} from './patterns.js';

/** Most characters of a manifest. */
export const MAX_MANIFEST_CHARS = 65_536;

const words = text(TEXT, 'a text of at most 4096 characters');
const cookie = text(FILLED_TEXT, 'a non-empty string');
const range = text(VERSION_RANGE, "a range of npm's semver, such as `>=3.2.0 <4`");
const path = text(FILLED_TEXT, 'a path, or `$NAME` for a folder that the host gives');
const program = text(PROGRAM, "a program of the PATH, or a file of the plugin's folder with `/`: `node`, `bin/kv`");

const commandLine: Reader<readonly [string, ...string[]]> = (value, at) => {
  const parts = sequence(words, 1)(value, at) as readonly [string, ...string[]];
  program(parts[0], `${at}[0]`);
  return parts;
};

const manifestVersion: Reader<1> = (value) => {
  if (value === 1) return 1;
  const newer = typeof value === 'number' && Number.isInteger(value) && value > 1;
  throw new OptionsError(
    newer
      ? `The plugin manifest has manifestVersion ${value}, and this version of rxplug reads 1. Update rxplug.`
      : `Expected \`manifestVersion\` of the plugin manifest to be 1, got ${describeValue(value)}.`,
  );
};

const fields: Reader<PluginManifest> = object<PluginManifest>(
  MANIFEST_NAMES,
  {
    manifestVersion,
    name: text(PLUGIN_NAME, 'lower case letters, digits and `._-`, with the namespace before `/`: `acme/kv-redis`'),
    version: text(SEMANTIC_VERSION, 'a semantic version, such as `1.4.2`'),
    description: words,
    license: words,
    homepage: words,
    handshake: object<ManifestHandshake>(
      HANDSHAKE_FIELDS,
      { cookieKey: cookie, cookieValue: cookie, protocolVersions: list(integer(0, 65_535), 1) },
      ['cookieKey'],
    ),
    protocols: list((value, at) => text(/^(?:grpc|netrpc)$/, '`grpc` or `netrpc`')(value, at) as 'grpc' | 'netrpc', 1),
    plugins: table(
      WORD,
      'names that `dispense` takes',
      object<ManifestPlugin>(
        PLUGIN_FIELDS,
        { services: list(text(SERVICE_NAME, 'the full name of a service, such as `kv.v1.KV`')) },
        [],
      ),
    ),
    hosts: table(WORD, 'names of applications', range),
    run: table(PLATFORM, '`any`, or what Node has in process.platform and process.arch: `linux-x64`', commandLine),
    needs: object<ManifestNeeds>(
      NEEDS_FIELDS,
      {
        node: range,
        network: flag,
        read: list(path),
        write: list(path),
        env: list(text(VARIABLE_NAME, 'the name of a variable')),
        memoryBytes: integer(1, Number.MAX_SAFE_INTEGER),
      },
      [],
    ),
  },
  ['manifestVersion', 'name', 'version'],
);

/**
 * Reads what a plugin says of itself: the text of `rxplug.plugin.json`, or what was parsed of it. What it returns is a frozen copy with
 * the known fields only; `$schema`, which is for editors, is left out. Throws OptionsError that names the field, what it is and what was expected: also for a field that is not known,
 * and for a `manifestVersion` above 1. At most 65 536 characters, 256 entries of a list and 4096 characters of a text.
 *
 * @example
 * ```ts
 * const manifest = parsePluginManifest(await readFile('rxplug.plugin.json', 'utf8'));
 * ```
 */
export function parsePluginManifest(json: unknown): PluginManifest {
  const value = typeof json === 'string' ? parsed(json) : json;
  if (!isPlainObject(value)) return fields(value, '');
  // Before unknown fields: those of a later format say nothing that helps.
  manifestVersion(value['manifestVersion'], 'manifestVersion');
  const { $schema: _, ...own } = value;
  return fields(own, '');
}

function parsed(json: string): unknown {
  if (json.length > MAX_MANIFEST_CHARS)
    throw new OptionsError(
      `Expected a plugin manifest of at most ${MAX_MANIFEST_CHARS} characters, got ${json.length}.`,
    );
  try {
    // A byte order mark is what some editors write.
    return JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new OptionsError(`The plugin manifest is no JSON: ${(error as Error).message}.`, { cause: error });
  }
}
