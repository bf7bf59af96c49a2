/**
 * How a stream was closed: both ends sent END_STREAM, the server alone did (and RST_STREAM with NO_ERROR, because it has no use for the
 * rest of the request), one end sent RST_STREAM, or the connection ended.
 */
export type ClosedBy = 'end of stream' | 'early response' | 'reset sent' | 'reset received' | 'connection';

/**
 * The state of a stream (RFC 9113 §5.1). The reserved states belong to server push, which no end allows.
 *
 *                      idle
 *                       │  HEADERS, sent or received
 *                       ▼
 *     ┌─────────────── open ───────────────┐
 *     │ END_STREAM      │       END_STREAM │
 *     │ received        │             sent │
 *     ▼                 │                  ▼
 *   half-closed         │          half-closed
 *   (remote)            │              (local)
 *     │ END_STREAM      │ RST_STREAM       │ END_STREAM
 *     │ sent            │ either way       │ received
 *     └───────────────► ▼ ◄────────────────┘
 *                     closed
 *
 * RST_STREAM and the end of the connection close a stream in any state. A client's stream is idle while it waits for the peer's
 * concurrency limit.
 */
export class StreamState {
  #state: 'idle' | 'open' | 'half-closed (local)' | 'half-closed (remote)' | 'closed' = 'idle';
  #closedBy: ClosedBy | undefined;
  /** A request, or the headers of a response that is not interim, was received. */
  #headersReceived = false;

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  get closedBy(): ClosedBy | undefined {
    return this.#closedBy;
  }

  /** END_STREAM was received, and the stream was not reset since. */
  get remoteEnded(): boolean {
    return this.#state === 'half-closed (remote)' || this.#closedBy === 'end of stream';
  }

  /** END_STREAM was sent, and the stream was not reset since. */
  get localEnded(): boolean {
    const by = this.#closedBy;
    return this.#state === 'half-closed (local)' || by === 'end of stream' || by === 'early response';
  }

  /** The peer may still send, and has sent no headers yet. */
  get awaitsHeaders(): boolean {
    return !this.#headersReceived && (this.#state === 'open' || this.#state === 'half-closed (local)');
  }

  /** HEADERS opened the stream. */
  open(): void {
    if (this.#state === 'idle') this.#state = 'open';
  }

  receiveHeaders(): void {
    this.#headersReceived = true;
  }

  receiveEndStream(): void {
    if (this.#state === 'open') this.#state = 'half-closed (remote)';
    else if (this.#state === 'half-closed (local)') this.close('end of stream');
  }

  sendEndStream(): void {
    if (this.#state === 'open') this.#state = 'half-closed (local)';
    else if (this.#state === 'half-closed (remote)') this.close('end of stream');
  }

  /** How a stream was closed first is kept. */
  close(by: ClosedBy): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closedBy = by;
  }
}
