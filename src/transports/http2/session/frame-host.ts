import type { HpackEncoder } from '../../../wire/http2/hpack-encoder.js';
import type { Sender } from '../flow/sender.js';
import type { ResolvedHttp2Options } from '../options.js';
import type { SessionStream } from '../stream/stream.js';
import type { StreamTable } from '../stream/stream-table.js';
import type { ControlFrames } from './control-frames.js';
import type { Pings } from './pings.js';

/** What those who act on incoming frames need of their session. */
export interface FrameHost {
  readonly options: ResolvedHttp2Options;
  readonly streams: StreamTable;
  readonly sender: Sender;
  readonly control: ControlFrames;
  readonly pings: Pings;
  readonly encoder: HpackEncoder;
  /** Send window of a new stream. */
  peerWindowBytes: number;
  /** Memory of the chunk in hand will be used again. */
  readonly lent: boolean;
  /** Takes a DATA frame off the connection's window and gives it back. Throws when it is larger. */
  receive(flowBytes: number): void;
  /** The peer has acknowledged our SETTINGS. */
  settled(): void;
  /** Both directions are done. */
  onComplete(stream: SessionStream): void;
  /** RST_STREAM of the peer. */
  onPeerReset(stream: SessionStream, code: number): void;
  /** An error of one stream (RFC 9113 §5.4.2): both ends are told. */
  breakStream(stream: SessionStream, code: number): void;
  /** Answers frames of a stream that has no place here. */
  refuse(streamId: number, code: number): void;
  /** HEADERS or DATA of a stream that was open once and is closed now. */
  onLateFrame(streamId: number): void;
  /** An answer was sent that the peer has provoked. */
  countAnswer(): void;
}
