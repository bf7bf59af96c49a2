/**
 * Receives what the decoder found, in wire order. Byte arguments are views of the decoder's input, valid during the call only,
 * except the pieces of DATA. Whatever it throws leaves `push`.
 */
export interface FrameSink {
  /** A DATA frame begins. `flowBytes`: what it takes from the windows, padding included; judged before a byte is delivered. */
  onDataStart(streamId: number, flowBytes: number): void;
  /** A piece of the current DATA frame, as it arrived; never empty. */
  onDataPiece(streamId: number, piece: Uint8Array): void;
  /** The DATA frame is complete; `dataBytes` were delivered. */
  onDataEnd(streamId: number, dataBytes: number, endStream: boolean): void;
  /** A complete header block, CONTINUATION joined. `fault` is not 0 when the frame breaks a rule of its stream: decode, then reset. */
  onHeaders(streamId: number, endStream: boolean, block: Uint8Array, start: number, end: number, fault: number): void;
  onPriority(streamId: number, fault: number): void;
  onResetStream(streamId: number, code: number): void;
  /** One parameter of a SETTINGS frame; its value is legal. */
  onSetting(id: number, value: number): void;
  /** The SETTINGS frame is complete. */
  onSettingsEnd(ack: boolean): void;
  /** Eight bytes of `data` from `from` on. */
  onPing(ack: boolean, data: Uint8Array, from: number): void;
  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void;
  /** `increment` may be 0, which is an error of the stream or of the connection. */
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame of a type that nobody knows; its payload is skipped. */
  onUnknown(type: number): void;
}
