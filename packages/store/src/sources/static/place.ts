import type { OpenFile, ReleaseFile, RequestOptions } from '../source.js';

/** Where static files are: a directory or a web server. A location is what it makes of references. */
export interface Place {
  /** The location of a reference that stands in the file at a location. Throws StoreError for one that leads elsewhere. */
  locate(reference: string, from: string): string;
  /** Reads a file of at most `maxBytes`. Rejects with StoreError. */
  read(location: string, maxBytes: number, options: RequestOptions): Promise<Uint8Array>;
  /** Opens a file. Rejects with StoreError. */
  open(file: ReleaseFile, options: RequestOptions & { readonly offset?: number }): Promise<OpenFile>;
}
