import { PluginError } from 'rxplug';

/** The codes of StoreError. */
export type StoreErrorCode =
  /** A source cannot be reached, or answers with something else than it should. */
  | 'ERR_SOURCE'
  /** A source refuses the credentials, or wants some. */
  | 'ERR_CREDENTIALS'
  /** The plugin, or this version of it, is not there. */
  | 'ERR_NOT_FOUND'
  /** There is no file for this platform. */
  | 'ERR_PLATFORM'
  /** No version is in the range. */
  | 'ERR_RANGE'
  /** The plugin does not take this version of the application. */
  | 'ERR_HOST_VERSION'
  /** The bytes are not those that were announced or locked. */
  | 'ERR_DIGEST'
  /** The size is not the one that was announced, or above the limit. */
  | 'ERR_SIZE'
  /** A signature is demanded, and there is none. */
  | 'ERR_UNSIGNED'
  /** A signature is malformed, of something else, or not by a trusted key. */
  | 'ERR_SIGNATURE'
  /** The signer is another than the one that the lock names. */
  | 'ERR_SIGNER_CHANGED'
  /** A key cannot be read: malformed, another kind, wrong password. */
  | 'ERR_KEY'
  /** An archive is malformed, or has an entry that no plugin needs: a path outside, a link, a device. */
  | 'ERR_ARCHIVE'
  /** The lock file is malformed, of a newer version, or has no such plugin. */
  | 'ERR_LOCK'
  /** The store's files cannot be read or written, or are not those that were verified. */
  | 'ERR_STORE';

/** A plugin cannot be found, fetched, verified or installed. The message says what happened, what was expected and what to do. */
export class StoreError extends PluginError<StoreErrorCode> {}

Object.defineProperty(StoreError.prototype, 'name', { value: 'StoreError', configurable: true, writable: true });
