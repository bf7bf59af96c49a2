import type { Observable } from 'rxjs';

/** A wait, cold: emits once. Tests have virtual time in it. */
export type Wait = (ms: number) => Observable<unknown>;
