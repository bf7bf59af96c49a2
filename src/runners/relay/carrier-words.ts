import { LineDecoder } from '../../wire/lines.js';
import type { Logger } from '../../wire/logs/logger.js';
import { quoteText } from '../../wire/quote.js';
import { RELAY_LINE } from './messages.js';

/** How much of what a carrier says is kept. */
const MAX_SAID_CHARS = 2_000;
const MAX_LINE_BYTES = 4_096;

/** A text without a line's end is a prompt when nothing follows for so long, in milliseconds. */
const PROMPT_QUIET_MS = 200;

/** What a carrier says on one of its outputs: logged line by line as it comes, and kept for an error. A prompt is logged too. */
export class CarrierWords {
  readonly #name: string;
  readonly #logger: Logger;
  readonly #decoder = new LineDecoder({ maxLineBytes: MAX_LINE_BYTES });
  #said = '';
  #quiet: NodeJS.Timeout | undefined;

  constructor(name: string, logger: Logger) {
    this.#name = name;
    this.#logger = logger;
  }

  /** All of it, as far as it is kept; empty for nothing. */
  get said(): string {
    return this.#said.trim();
  }

  /** Its last line in quotes; empty for nothing. */
  get last(): string {
    const line = this.said.split('\n').at(-1) ?? '';
    return line === '' ? '' : quoteText(line.trim());
  }

  add(chunk: Buffer): void {
    clearTimeout(this.#quiet);
    this.#said = (this.#said + chunk.toString()).slice(-MAX_SAID_CHARS);
    for (const { text } of this.#decoder.push(chunk)) this.#log(text);
    if (this.#decoder.unfinishedText !== '') this.#quiet = setTimeout(() => this.finish(), PROMPT_QUIET_MS).unref();
  }

  /** Logs what is left without a line's end. Idempotent. */
  finish(): void {
    clearTimeout(this.#quiet);
    for (const { text } of this.#decoder.end()) this.#log(text);
  }

  #log(text: string): void {
    if (text.trim() !== '' && text.trimEnd() !== RELAY_LINE) this.#logger.info(`${this.#name}: ${text.trimEnd()}`);
  }
}
