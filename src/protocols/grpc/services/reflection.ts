import type { GrpcServer } from '../server/grpc-server.js';
import type { MessageType, ServiceDefinition, StreamCallContext } from '../shared/service-definition.js';
import { parseDescriptorSet } from './descriptors.js';
import { OWN_SERVICE_SETTINGS } from './limits.js';

/** What the reflection service can describe. */
export interface ReflectionOptions {
  /** Serialized FileDescriptorSets of the application's services, with their dependencies. The library's own services are known. */
  readonly descriptorSets?: readonly Uint8Array[];
}

/** Messages in encoded form: what reads and makes them is loaded when the first comes. */
const ENCODED: MessageType<Uint8Array, Uint8Array> = {
  encode: (bytes) => ({ finish: () => bytes }),
  // A copy: what it is given is used again after the call.
  decode: (bytes) => bytes.slice(),
  fromPartial: (bytes) => bytes,
};

/** Two versions of the protocol with the same messages: grpcurl and older clients speak v1alpha. */
const DEFINITIONS = ['v1', 'v1alpha'].map((version) => ({
  name: 'ServerReflection',
  fullName: `grpc.reflection.${version}.ServerReflection`,
  methods: {
    serverReflectionInfo: {
      name: 'ServerReflectionInfo',
      requestType: ENCODED,
      requestStream: true,
      responseType: ENCODED,
      responseStream: true,
      options: {},
    },
  },
})) satisfies ServiceDefinition[];

/**
 * Adds the reflection service, by which clients ask what a server offers, in both versions of the protocol. Every service of the server is
 * listed, also one that is added later; it is described if its descriptors were given. Throws OptionsError for a malformed descriptor
 * set.
 */
export function addReflection(server: GrpcServer, options: ReflectionOptions = {}): void {
  const files = (options.descriptorSets ?? []).flatMap((set) => parseDescriptorSet(set));
  const serverReflectionInfo = async function* (
    _requests$: unknown,
    { requests }: Pick<StreamCallContext<Uint8Array>, 'requests'>,
  ): AsyncGenerator<Uint8Array> {
    const { reflect } = await import('./reflection-answers.js');
    yield* reflect(requests, files, server.serviceNames);
  };
  for (const definition of DEFINITIONS) server.addService(definition, { serverReflectionInfo }, OWN_SERVICE_SETTINGS);
}
