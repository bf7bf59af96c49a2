import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';

/** A handler of ours did not give what its method has to give. INTERNAL for the caller; logged, for it is a mistake in the plugin. */
export class HandlerMistake extends GrpcError {
  constructor(detail: string, options?: { readonly cause: unknown }) {
    super(Status.INTERNAL, detail, options);
  }
}
