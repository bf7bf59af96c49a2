import type { HeaderList } from '../engine.js';
import type { SessionStream } from '../stream/stream.js';

/** What only a client or only a server does. */
export interface Role {
  readonly server: boolean;
  /** Highest stream of the peer that was accepted; 0 for a client. */
  readonly lastPeerStreamId: number;
  /** Whether this stream has not been opened by anybody yet. */
  isIdle(streamId: number): boolean;
  /** A header block that belongs to no open stream. `fault`: what the stream deserves, or 0. */
  onHeaders(streamId: number, list: HeaderList, endStream: boolean, fault: number): void;
  /** A stream was finished or reset: there is room for another. */
  onStreamOver(): void;
  /** A stream that had not begun, or whose session is over, was reset. */
  onWaitingReset(stream: SessionStream): void;
  /** The peer's settings have changed. */
  onSettings(maxConcurrentStreams: number): void;
  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void;
  /** The session is over; every stream that had begun was reset. */
  onEnded(cause: Error): void;
}
