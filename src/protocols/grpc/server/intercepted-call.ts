import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** What interceptors and surfaces act on. */
export type InterceptedCall = ServerInterceptingCallInterface;
