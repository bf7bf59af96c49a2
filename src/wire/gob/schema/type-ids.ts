/** Ids that both sides know without a definition (encoding/gob type.go). */
export const BOOL_ID = 1;
export const INT_ID = 2;
export const UINT_ID = 3;
export const FLOAT_ID = 4;
export const BYTES_ID = 5;
export const STRING_ID = 6;
export const COMPLEX_ID = 7;
export const INTERFACE_ID = 8;

/** The lowest id that a type definition may have. */
export const FIRST_DEFINED_ID = 64;

/** The id of the first definition that we send. Go sends 65 up to version 1.19 and 64 later; every version reads both. */
export const DEFAULT_FIRST_ID = 65;
