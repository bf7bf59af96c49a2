import { OptionsError } from '../errors.js';

/** The options of gRPC that the default protocol takes. */
interface GrpcOptions {
  readonly grpc?: unknown;
  readonly grpcEngine?: unknown;
}

/** Refuses options that a bound protocol of gRPC would not use, since it replaces all of gRPC. Throws OptionsError. */
export function refuseUnusedGrpcOptions(options: GrpcOptions, token: string): void {
  const unused = (['grpc', 'grpcEngine'] as const).find((name) => options[name] !== undefined);
  if (unused === undefined) return;
  throw new OptionsError(
    `Expected no option \`${unused}\` beside a binding of ${token}, which replaces the gRPC that the option is for. ` +
      'Remove one of the two, or give the options to what you bind.',
  );
}
