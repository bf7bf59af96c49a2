import type { ConnectionFrameSink, StreamFrameSink } from '../../../src/wire/http2/frame-sink.js';

/** What both sinks of a decoder received, as plain values; DATA pieces joined, so that records of differently split input are equal. */
export class RecordingSink implements StreamFrameSink, ConnectionFrameSink {
  readonly events: unknown[] = [];
  #data: number[] = [];

  onDataStart(streamId: number, flowBytes: number): void {
    this.#data = [];
    this.events.push(['dataStart', streamId, flowBytes]);
  }

  onDataPiece(piece: Uint8Array): void {
    if (piece.length === 0) throw new Error('an empty piece');
    for (const byte of piece) this.#data.push(byte);
  }

  onDataEnd(streamId: number, dataBytes: number, endStream: boolean): void {
    this.events.push(['dataEnd', streamId, dataBytes, endStream, Buffer.from(this.#data).toString('hex')]);
  }

  onHeaders(
    streamId: number,
    endStream: boolean,
    block: Uint8Array,
    start: number,
    end: number,
    errorCode: number,
  ): void {
    this.events.push(['headers', streamId, endStream, hexOf(block.subarray(start, end)), errorCode]);
  }

  onPriority(streamId: number, errorCode: number): void {
    this.events.push(['priority', streamId, errorCode]);
  }

  onResetStream(streamId: number, code: number): void {
    this.events.push(['resetStream', streamId, code]);
  }

  onSetting(id: number, value: number): void {
    this.events.push(['setting', id, value]);
  }

  onSettingsEnd(ack: boolean): void {
    this.events.push(['settingsEnd', ack]);
  }

  onPing(ack: boolean, data: Uint8Array, from: number): void {
    this.events.push(['ping', ack, hexOf(data.subarray(from, from + 8))]);
  }

  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.events.push(['goAway', lastStreamId, code, hexOf(debugData)]);
  }

  onStreamWindowUpdate(streamId: number, increment: number): void {
    this.events.push(['windowUpdate', streamId, increment]);
  }

  onConnectionWindowUpdate(increment: number): void {
    this.events.push(['windowUpdate', 0, increment]);
  }

  onUnknown(type: number): void {
    this.events.push(['unknown', type]);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
