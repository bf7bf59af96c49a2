import { firstValueFrom, type Observable, of } from 'rxjs';
import type { GrpcChannel } from '../../protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from '../../protocols/grpc/gen/grpc/reflection/v1/reflection.js';
import { statusOf } from './grpc-conversation.js';

/** The older version of the protocol, with the same messages: grpc-go before 1.57 knows no other. */
const V1_ALPHA = { ...V1, fullName: 'grpc.reflection.v1alpha.ServerReflection' } as const;

type Question = ServerReflectionRequest['messageRequest'];
type Answer = ServerReflectionResponse['messageResponse'];

/** What a plugin says of its services. */
export interface Reflection {
  readonly services: readonly string[];
  /** Those of which it has no description. */
  readonly undescribed: readonly string[];
}

/** Asks a plugin for its services; undefined without a reflection service. */
export async function reflect(channel: GrpcChannel, timeoutMs: number): Promise<Reflection | undefined> {
  for (const definition of [V1, V1_ALPHA]) {
    const client = createGrpcClient(channel, definition);
    const ask = async (messageRequest: Question): Promise<Answer> => {
      const answer$: Observable<ServerReflectionResponse> = client.serverReflectionInfo(
        of({ host: '', messageRequest }),
        {
          timeoutMs,
        },
      );
      return (await firstValueFrom(answer$)).messageResponse;
    };
    try {
      return await askAll(ask);
    } catch (error) {
      if (statusOf(error) !== 'UNIMPLEMENTED') throw error;
    }
  }
  return undefined;
}

async function askAll(ask: (question: Question) => Promise<Answer>): Promise<Reflection> {
  const listed = await ask({ $case: 'listServices', listServices: '' });
  const found = listed?.$case === 'listServicesResponse' ? listed.listServicesResponse.service : [];
  const services = found.map(({ name }) => name).sort();
  const undescribed: string[] = [];
  for (const service of services) {
    const answer = await ask({ $case: 'fileContainingSymbol', fileContainingSymbol: service });
    if (answer?.$case !== 'fileDescriptorResponse') undescribed.push(service);
  }
  return { services, undescribed };
}
