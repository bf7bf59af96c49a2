/** How much depends on an item: hosts break without a MUST; users suffer without a SHOULD. */
export type CheckLevel = 'MUST' | 'SHOULD';

/** What became of an item: `warn` is a SHOULD that is not met, `skip` an item that does not apply to this plugin. */
export type CheckOutcome = 'pass' | 'fail' | 'warn' | 'skip';

/** What `checkPlugin` checks, as it is without a plugin. */
export interface CheckDescription {
  /** For instance `T-04`: a letter for the subject, and a number. */
  readonly id: string;
  readonly level: CheckLevel;
  /** What a plugin does. */
  readonly title: string;
  /** What is looked for. */
  readonly expected: string;
  /** Where the protocol says so: a page of the documentation and its heading, as `docs/wire/tls.md#automtls`. */
  readonly doc: string;
}

/** One item of a plugin, checked. */
export interface CheckResult extends CheckDescription {
  readonly result: CheckOutcome;
  /** What came. May contain text of the plugin, control characters included. */
  readonly got: string;
  /** How long it took, the start of the plugin included. */
  readonly ms: number;
}
