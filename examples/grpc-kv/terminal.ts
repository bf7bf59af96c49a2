import { type PluginState, terminalSink } from 'rxplug';

const colours = { dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** Prints the lines of the demo: time, source, text. In colour if stdout is a terminal. */
export class Terminal {
  readonly #startMs = performance.now();
  readonly #colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

  /** Prints the plugin's log between the other lines. */
  readonly logSink = terminalSink({ stream: process.stdout, level: 'trace' });

  heading(text: string): void {
    process.stdout.write(`\n${this.#paint(text, 'cyan')}\n`);
  }

  print(source: string, text: string, colour: keyof typeof colours = 'dim'): void {
    const elapsed = `${(performance.now() - this.#startMs).toFixed(0).padStart(6)} ms`;
    process.stdout.write(`${this.#paint(elapsed, 'dim')}  ${this.#paint(source.padEnd(7), colour)}  ${text}\n`);
  }

  state(state: PluginState): void {
    this.print('state', describe(state), 'magenta');
  }

  #paint(text: string, colour: keyof typeof colours): string {
    return this.#colour ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text;
  }
}

function describe(state: PluginState): string {
  switch (state.status) {
    case 'starting':
      return `starting: ${state.phase}`;
    case 'running':
      return `running: ${state.protocol} version ${state.protocolVersion} as process ${state.id}`;
    case 'exited':
      return `exited with ${state.exit?.signal ?? `code ${state.exit?.code}`} (${state.reason.kind})`;
    default:
      return state.status;
  }
}
