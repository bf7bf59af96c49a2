import { OptionsError } from '../../../errors.js';
import { checkOptions, describeValue, optionNames } from '../../../wire/option-names.js';
import type { Metadata } from '../shared/grpc-js.js';
import { resolveMetadata } from '../shared/metadata.js';
import type { CallOptions } from '../shared/service-definition.js';
import type { GrpcCallOptions } from './channel.js';

const NAMES = optionNames<CallOptions>()(
  'metadata timeoutMs signal waitForReady maxReceiveMessageBytes background onHeaders onTrailers',
);

/** The library's own calls have one more, which is the channel's (GrpcCallOptions). */
const OF_LIBRARY = [...NAMES, 'awaitsReason' satisfies keyof GrpcCallOptions];

/** The options of one call, checked, with their metadata as such. */
export interface ResolvedCallOptions extends Omit<CallOptions, 'metadata'> {
  readonly metadata?: Metadata;
}

const NONE: ResolvedCallOptions = Object.freeze({});

/** A call's own options over those of all calls of its client. Throws OptionsError. */
export function resolveCallOptions(
  own: CallOptions | undefined,
  defaults: ResolvedCallOptions = NONE,
): ResolvedCallOptions {
  if (own === undefined) return defaults;
  checkOptions('a call', own, 'awaitsReason' in Object(own) ? OF_LIBRARY : NAMES);
  checkTimeout(own.timeoutMs);
  checkSignal(own.signal);
  const { metadata, ...rest } = { ...defaults, ...own };
  const resolved = resolveMetadata('the metadata of a call', metadata);
  return resolved === undefined ? rest : { ...rest, metadata: resolved };
}

/** Zero and less is a deadline that is over, as in grpc-go. */
function checkTimeout(timeoutMs: unknown): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && !Number.isNaN(timeoutMs))) return;
  throw new OptionsError(
    `Expected \`timeoutMs\` of a call to be a number of milliseconds, got ${describeValue(timeoutMs)}.`,
  );
}

/** People pass the AbortController, which has no listeners. */
function checkSignal(signal: Partial<AbortSignal> | null | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === 'function') return;
  throw new OptionsError(
    `Expected \`signal\` of a call to be an AbortSignal, such as the \`signal\` of an AbortController, got ${describeValue(signal)}.`,
  );
}
