/*
 * What the decoder found, in wire order. Byte arguments are views of the decoder's input and valid during the call only; the pieces of
 * DATA are valid for as long as that input is. Whatever a sink throws leaves `push`.
 */

/** Receives the frames of streams. */
export interface StreamFrameSink {
  /** A DATA frame begins. `flowBytes`: what it takes from the flow-control windows, padding included. */
  onDataStart(streamId: number, flowBytes: number): void;
  /** A piece of the current DATA frame, as it arrived; never empty. */
  onDataPiece(piece: Uint8Array): void;
  /** The current DATA frame is complete; `dataBytes` of it were not padding. */
  onDataEnd(streamId: number, dataBytes: number, endStream: boolean): void;
  /** A complete header block. With an `errorCode` other than 0 the frame is an error of its stream: decode the block, then reset. */
  onHeaders(
    streamId: number,
    endStream: boolean,
    block: Uint8Array,
    start: number,
    end: number,
    errorCode: number,
  ): void;
  /** With an `errorCode` other than 0 the frame is an error of its stream. */
  onPriority(streamId: number, errorCode: number): void;
  onResetStream(streamId: number, code: number): void;
  /** `increment` may be 0, which is an error of the stream. */
  onStreamWindowUpdate(streamId: number, increment: number): void;
}

/** Receives the frames of stream 0, and those of unknown types. */
export interface ConnectionFrameSink {
  /** One parameter of a SETTINGS frame; its value is legal. */
  onSetting(id: number, value: number): void;
  /** The SETTINGS frame is complete. */
  onSettingsEnd(ack: boolean): void;
  /** Eight bytes of `data` from `from` on. */
  onPing(ack: boolean, data: Uint8Array, from: number): void;
  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void;
  /** `increment` may be 0, which is an error of the connection. */
  onConnectionWindowUpdate(increment: number): void;
  /** A frame of an unknown type; its payload is skipped. */
  onUnknown(type: number): void;
}
