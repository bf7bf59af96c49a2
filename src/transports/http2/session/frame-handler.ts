import type { FrameSink } from '../../../wire/http2/frame-sink.js';
import { Http2ErrorCode, http2Error, Setting } from '../../../wire/http2/frames.js';
import { HpackDecoder } from '../../../wire/http2/hpack-decoder.js';
import type { HeaderList } from '../engine.js';
import { contentLengthOf, findFault } from '../stream/header-rules.js';
import type { SessionStream } from '../stream/stream.js';
import type { FrameHost } from './frame-host.js';
import { NOISE } from './limits.js';
import { PeerSettings } from './peer-settings.js';
import { RateBudget } from './rate-budget.js';
import type { Role } from './role.js';

const { protocolError, streamClosed, enhanceYourCalm, flowControlError } = Http2ErrorCode;

/** Turns a session's incoming frames into what they mean for its streams (RFC 9113 §5.1, §6). Throws what ends the connection. */
export class FrameHandler implements FrameSink {
  readonly #session: FrameHost;
  readonly #role: Role;
  readonly #decoder: HpackDecoder;
  readonly #settings: PeerSettings;
  readonly #noise = new RateBudget(NOISE);
  /** The stream of the current DATA frame; undefined when its bytes go nowhere. */
  #current: SessionStream | undefined;
  #flowBytes = 0;

  constructor(session: FrameHost, role: Role, onReady: () => void) {
    this.#session = session;
    this.#role = role;
    this.#decoder = new HpackDecoder({ maxListBytes: session.options.maxHeaderListBytes });
    this.#settings = new PeerSettings(session, role, onReady);
  }

  onDataStart(streamId: number, flowBytes: number): void {
    this.#session.receive(flowBytes);
    this.#flowBytes = flowBytes;
    const stream = this.#session.streams.get(streamId);
    this.#current = stream;
    if (stream === undefined) return this.#judgeStrayData(streamId);
    const code = stream.take(flowBytes);
    if (code === 0) return;
    this.#current = undefined;
    this.#session.breakStream(stream, code);
  }

  onDataPiece(_streamId: number, piece: Uint8Array): void {
    const stream = this.#current;
    if (stream !== undefined && !stream.over) stream.deliver(piece, this.#session.lent);
  }

  onDataEnd(_streamId: number, dataBytes: number, endStream: boolean): void {
    if (dataBytes === 0 && !endStream) this.#countNoise();
    const stream = this.#current;
    if (stream === undefined || stream.over) return;
    const code = stream.delivered(dataBytes, this.#flowBytes - dataBytes);
    if (code !== 0) this.#session.breakStream(stream, code);
    else if (endStream) this.#endRemote(stream);
  }

  onHeaders(streamId: number, endStream: boolean, block: Uint8Array, start: number, end: number, fault: number): void {
    const list = this.#decoder.decode(block, start, end);
    const code = fault === 0 && this.#decoder.tooLarge ? enhanceYourCalm : fault;
    const stream = this.#session.streams.get(streamId);
    if (stream === undefined) this.#role.onHeaders(streamId, list, endStream, code);
    else if (code !== 0) this.#session.breakStream(stream, code);
    else if (stream.remoteEnded) this.#session.breakStream(stream, streamClosed);
    else if (stream.begun) this.#onTrailers(stream, list, endStream);
    else this.#onResponse(stream, list, endStream);
  }

  onPriority(streamId: number, fault: number): void {
    this.#countNoise();
    if (fault === 0) return;
    const stream = this.#session.streams.get(streamId);
    if (stream === undefined) this.#session.refuse(streamId, fault);
    else this.#session.breakStream(stream, fault);
  }

  onResetStream(streamId: number, code: number): void {
    const stream = this.#session.streams.get(streamId);
    if (stream === undefined) return this.#judgeIdle(streamId, 'RST_STREAM');
    this.#session.onPeerReset(stream, code);
  }

  onSetting(id: number, value: number): void {
    if (id === Setting.headerTableSize) this.#session.encoder.setPeerTableBytes(value);
    else this.#settings.set(id, value);
  }

  onSettingsEnd(ack: boolean): void {
    if (ack) return this.#session.settled();
    this.#countNoise();
    this.#session.control.settingsAck();
    this.#session.countAnswer();
    this.#settings.apply();
  }

  onPing(ack: boolean, data: Uint8Array, from: number): void {
    if (ack) return this.#session.pings.onAck(data, from);
    this.#session.control.ping(true, data, from);
    this.#session.countAnswer();
  }

  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.#countNoise();
    this.#role.onGoAway(lastStreamId, code, debugData);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) return this.#onConnectionWindow(increment);
    const stream = this.#session.streams.get(streamId);
    if (stream === undefined) return this.#judgeIdle(streamId, 'WINDOW_UPDATE');
    if (increment === 0) this.#session.breakStream(stream, protocolError);
    else if (!stream.grant(increment)) {
      this.#session.breakStream(stream, flowControlError);
    }
  }

  onUnknown(): void {
    this.#countNoise();
  }

  #onConnectionWindow(increment: number): void {
    if (increment === 0) throw http2Error(protocolError, 'a WINDOW_UPDATE of the connection adds nothing');
    if (!this.#session.sender.grant(increment)) {
      throw http2Error(flowControlError, 'a WINDOW_UPDATE of the connection exceeds the largest window');
    }
  }

  /** First block of a response; interim ones are skipped (RFC 9113 §8.1). */
  #onResponse(stream: SessionStream, list: HeaderList, endStream: boolean): void {
    const fault = findFault('response', list);
    const interim = fault === undefined && list[1]!.startsWith('1');
    if (fault !== undefined || (interim && endStream)) {
      return this.#session.breakStream(stream, protocolError);
    }
    if (interim) return this.#countNoise();
    stream.begun = true;
    if (!endStream) {
      stream.announce(contentLengthOf(list));
      return stream.events.onHeaders(list, false);
    }
    stream.endRemote();
    stream.events.onHeaders(list, true);
    this.#completeIfDone(stream);
  }

  #onTrailers(stream: SessionStream, list: HeaderList, endStream: boolean): void {
    const fault = endStream ? findFault('trailers', list) : 'a header block in mid-stream does not end it';
    if (fault !== undefined) return this.#session.breakStream(stream, protocolError);
    if (stream.isComplete) stream.events.onTrailers(list);
    if (!stream.over) this.#endRemote(stream);
  }

  #endRemote(stream: SessionStream): void {
    if (!stream.isComplete) {
      return this.#session.breakStream(stream, protocolError);
    }
    stream.endRemote();
    stream.events.onEnd();
    this.#completeIfDone(stream);
  }

  #completeIfDone(stream: SessionStream): void {
    if (stream.localEnded) this.#session.onComplete(stream);
  }

  /** DATA for a stream that is not in the table: one that was never opened, or one that is closed, for which it comes late. */
  #judgeStrayData(streamId: number): void {
    this.#judgeIdle(streamId, 'DATA');
    this.#session.onLateFrame(streamId);
  }

  #judgeIdle(streamId: number, what: string): void {
    if (this.#role.isIdle(streamId)) throw http2Error(protocolError, `${what} is on stream ${streamId}, which is idle`);
  }

  #countNoise(): void {
    if (!this.#noise.spend()) throw http2Error(enhanceYourCalm, 'the peer sends too many frames that carry nothing');
  }
}
