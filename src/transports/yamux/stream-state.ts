/**
 * The state of a stream, with the names of hashicorp/yamux (stream.go).
 *
 *   SYN sent ───────── ACK received ──► established ◄── ACK sent ───────── SYN received
 *                                            │
 *                            FIN sent ┌──────┴──────┐ FIN received
 *                                     ▼             ▼
 *                                local close   remote close
 *                                     │             │
 *                        FIN received └─► closed ◄──┘ FIN sent
 *
 * FIN may also come before ACK. RST, either way, leads from every state to reset, and the end of the session to session ended.
 */
export class YamuxStreamState {
  #state:
    | 'SYN sent'
    | 'SYN received'
    | 'established'
    | 'local close'
    | 'remote close'
    | 'closed'
    | 'reset'
    | 'session ended';

  constructor(opened: 'SYN sent' | 'SYN received') {
    this.#state = opened;
  }

  /** The peer has not acknowledged a stream of ours. */
  get isUnacknowledged(): boolean {
    return this.#state === 'SYN sent';
  }

  /** FIN was sent, and the peer may still send. */
  get isLocalClosed(): boolean {
    return this.#state === 'local close';
  }

  /** FIN was received, and we may still send. */
  get isRemoteClosed(): boolean {
    return this.#state === 'remote close';
  }

  /** No frame may be sent any more. */
  get isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'reset' || this.#state === 'session ended';
  }

  acknowledge(): void {
    if (this.#state === 'SYN sent' || this.#state === 'SYN received') this.#state = 'established';
  }

  sendFin(): void {
    if (this.#state === 'remote close') this.#state = 'closed';
    else if (!this.isOver) this.#state = 'local close';
  }

  receiveFin(): void {
    if (this.#state === 'local close') this.#state = 'closed';
    else if (!this.isOver) this.#state = 'remote close';
  }

  reset(): void {
    if (!this.isOver) this.#state = 'reset';
  }

  endSession(): void {
    if (!this.isOver) this.#state = 'session ended';
  }
}
