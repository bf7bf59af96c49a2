import { Metadata } from '@grpc/grpc-js';
import { concatMap, EMPTY, from, map, type Observable, of, reduce, throwError } from 'rxjs';
import { GrpcError } from '../../../src/protocols/grpc/shared/errors.js';
import type { CallContext, ServiceOf } from '../../../src/protocols/grpc/shared/service-definition.js';
import type {
  EchoStatus,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
  TestServiceDefinition,
} from './gen/grpc/testing/test.js';

const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

type Outputs = Observable<Partial<StreamingOutputCallResponse>>;

/** Sends back the two headers that the custom_metadata case is about. */
function echoMetadata(call: CallContext): void {
  const [initial] = call.metadata.get(INITIAL);
  const [trailing] = call.metadata.get(TRAILING);
  if (initial !== undefined) {
    const headers = new Metadata();
    headers.set(INITIAL, initial);
    call.sendHeaders(headers);
  }
  if (trailing !== undefined) call.trailers.set(TRAILING, trailing);
}

function failIfTold(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) throw new GrpcError(status.code, status.message);
}

function outputsOf(request: StreamingOutputCallRequest): Outputs {
  const { responseStatus } = request;
  if (responseStatus !== undefined && responseStatus.code !== 0) {
    return throwError(() => new GrpcError(responseStatus.code, responseStatus.message));
  }
  return from(request.responseParameters).pipe(
    concatMap(({ size }) => of({ payload: { type: 0, body: Buffer.alloc(size) } })),
  );
}

/** The test server of grpc's interop-test-descriptions. */
export const testService: ServiceOf<typeof TestServiceDefinition> = {
  emptyCall: () => ({}),
  unaryCall(request, call) {
    echoMetadata(call);
    failIfTold(request.responseStatus);
    return { payload: { type: 0, body: Buffer.alloc(request.responseSize) } };
  },
  streamingOutputCall: (request) => outputsOf(request),
  streamingInputCall: (request$) =>
    request$.pipe(
      reduce((sum, { payload }) => sum + (payload?.body.length ?? 0), 0),
      map((aggregatedPayloadSize) => ({ aggregatedPayloadSize })),
    ),
  fullDuplexCall(request$, call) {
    echoMetadata(call);
    return request$.pipe(concatMap((request) => (request === undefined ? EMPTY : outputsOf(request))));
  },
};
