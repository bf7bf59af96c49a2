import { from, isObservable, type Observable, type ObservableInput } from 'rxjs';

/**
 * A value as an Observable of this copy of rxjs; undefined for what is none. Those of other copies and libraries are known by their
 * `lift` and `subscribe`, or by their method `Symbol.observable`.
 */
export function asObservable(value: unknown): Observable<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const known = isObservable(value) || typeof Reflect.get(value, INTEROP) === 'function';
  return known ? from(value as ObservableInput<unknown>) : undefined;
}

/** As rxjs looks for it. Not every runtime has the symbol. */
const INTEROP: PropertyKey = Reflect.get(Symbol, 'observable') ?? '@@observable';
