import { createRegistry, type FileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { GrpcChannel } from 'rxplug/grpc';
import { readSymbols } from './read-schema.js';

/** The field of google.rpc.Status that has the details. */
const DETAILS = 3;

/**
 * The details of a status, each with the name of its type and as JSON; undefined for JSON where nobody describes the type. What is not in
 * the registry is asked of the plugin, which may know more types than its services use.
 */
export async function statusDetails(
  encoded: Uint8Array,
  registry: FileRegistry,
  channel: GrpcChannel,
): Promise<readonly { readonly type: string; readonly json: string | undefined }[]> {
  const details = detailsIn(encoded);
  const names = details.map(nameOf).filter((name) => registry.getMessage(name) === undefined);
  const more = names.length === 0 ? registry : await readSymbols(channel, names);
  const known = createRegistry(registry, more);
  return details.map((detail) => {
    const message = anyUnpack(detail, known);
    const json = message && toJson(known.getMessage(message.$typeName)!, message, { registry: known });
    return { type: nameOf(detail), json: json === undefined ? undefined : JSON.stringify(json) };
  });
}

function nameOf({ typeUrl }: Any): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** What is not encoded as it should be has no details. */
function detailsIn(encoded: Uint8Array): readonly Any[] {
  const found: Any[] = [];
  try {
    const reader = new BinaryReader(encoded);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === DETAILS && wireType === WireType.LengthDelimited) found.push(fromBinary(AnySchema, reader.bytes()));
      else reader.skip(wireType, field);
    }
  } catch {
    return found;
  }
  return found;
}
