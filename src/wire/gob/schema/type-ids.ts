/** Ids that both sides know without a definition (encoding/gob type.go). */
export const BOOL_ID = 1;
export const INT_ID = 2;
export const UINT_ID = 3;
export const FLOAT_ID = 4;
export const BYTES_ID = 5;
export const STRING_ID = 6;
export const COMPLEX_ID = 7;
export const INTERFACE_ID = 8;

/** The least id that a definition may have. */
export const FIRST_DEFINED_ID = 64;

/** The id that a new stream begins with: Go's up to 1.19 began with 65, later ones with 64; all read any. */
export const DEFAULT_FIRST_ID = 65;
