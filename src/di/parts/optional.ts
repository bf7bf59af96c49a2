import type { ServiceIdentifier } from 'inversify';

/** Injects what is bound to a token, or undefined: a part that nobody has bound has its default. */
export function optional<T>(serviceIdentifier: ServiceIdentifier<T>): Optional<T> {
  return { serviceIdentifier, optional: true };
}

interface Optional<T> {
  readonly serviceIdentifier: ServiceIdentifier<T>;
  readonly optional: true;
}
