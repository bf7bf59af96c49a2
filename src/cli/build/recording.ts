import { firstValueFrom } from 'rxjs';
import { createGrpcClient, type GrpcChannel, type MessageType, type ServiceDefinition } from 'rxplug/grpc';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import type { Target } from '../target/resolve-target.js';
import { withPlugin } from '../target/started-plugin.js';
import { type BuildFlags, startFlags } from './flags.js';

type Command = Target['command'];

/** Starts the program as its hosts will, calls it and stops it: in clear text, and with AutoMTLS if hosts use that. */
export function recording(
  target: Target,
  flags: BuildFlags,
  context: CliContext,
): ((command: Command) => Promise<void>) | undefined {
  if (!flags.record) return undefined;
  const calls = (flags.call ?? []).map(parseMethod);
  return async (command) => {
    for (const tls of flags.autoMtls ? (['off', 'on'] as const) : (['off'] as const))
      await withPlugin({ ...target, command }, startFlags(flags, tls), context, async (plugin) => {
        await plugin.client.ping();
        if (plugin.protocol === 'netrpc') return;
        for (const method of calls) await callEmpty(plugin.channel, method);
      });
  };
}

interface Method {
  readonly service: string;
  readonly name: string;
}

function parseMethod(text: string): Method {
  const [, service, name] = /^\/?([\w.]+)\/(\w+)$/.exec(text) ?? [];
  if (service !== undefined && name !== undefined) return { service, name };
  throw new UsageError(`Expected a method such as tfplugin6.Provider/GetProviderSchema, got ${JSON.stringify(text)}.`);
}

/** A message without fields is no bytes in any type, and the answer is not looked at: so nobody has to describe the method. */
const NO_BYTES: MessageType<object, object> = {
  encode: () => ({ finish: () => new Uint8Array(0) }),
  decode: () => ({}),
  fromPartial: () => ({}),
};

async function callEmpty(channel: GrpcChannel, { service, name }: Method): Promise<void> {
  const definition = {
    name: service,
    fullName: service,
    methods: {
      call: { name, requestType: NO_BYTES, requestStream: false, responseType: NO_BYTES, responseStream: false },
    },
  } as const satisfies ServiceDefinition;
  await firstValueFrom(createGrpcClient(channel, definition).call({}));
}
