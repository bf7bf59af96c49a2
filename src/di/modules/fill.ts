import type { ContainerModuleLoadOptions, ServiceIdentifier } from 'inversify';

/** Binds a default unless something loaded earlier has bound the same token: to replace a part is to bind it. */
export function fill<T>({ bind, isBound }: ContainerModuleLoadOptions, id: ServiceIdentifier<T>, value: T): void {
  if (!isBound(id)) bind(id).toConstantValue(value);
}
