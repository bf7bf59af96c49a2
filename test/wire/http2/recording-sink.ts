import type { FrameSink } from '../../../src/wire/http2/frame-sink.js';

/** What a FrameSink heard, as plain values; DATA pieces joined, so that records of differently split input are equal. */
export class RecordingSink implements FrameSink {
  readonly events: unknown[] = [];
  #data: number[] = [];

  onDataStart(streamId: number, flowBytes: number): void {
    this.#data = [];
    this.events.push(['dataStart', streamId, flowBytes]);
  }

  onDataPiece(_streamId: number, piece: Uint8Array): void {
    if (piece.length === 0) throw new Error('an empty piece');
    for (const byte of piece) this.#data.push(byte);
  }

  onDataEnd(streamId: number, dataBytes: number, endStream: boolean): void {
    this.events.push(['dataEnd', streamId, dataBytes, endStream, Buffer.from(this.#data).toString('hex')]);
  }

  onHeaders(streamId: number, endStream: boolean, block: Uint8Array, start: number, end: number, fault: number): void {
    this.events.push(['headers', streamId, endStream, hexOf(block.subarray(start, end)), fault]);
  }

  onPriority(streamId: number, fault: number): void {
    this.events.push(['priority', streamId, fault]);
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

  onWindowUpdate(streamId: number, increment: number): void {
    this.events.push(['windowUpdate', streamId, increment]);
  }

  onUnknown(type: number): void {
    this.events.push(['unknown', type]);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
