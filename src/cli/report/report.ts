import type { CheckDescription, CheckResult } from 'rxplug/testing';

/** What a report is about. */
export interface Subject {
  readonly target: string;
  readonly startedAt: Date;
  /** Whether a SHOULD that is not met counts as failed. */
  readonly strict: boolean;
  /** All that can be checked, for the width of columns. */
  readonly items: readonly CheckDescription[];
}

/** Results as text, one after another. The parts are printed as they are. */
export interface Report {
  /** What is printed once a result has come. */
  add(result: CheckResult): string;
  /** What is printed when all have come. */
  end(): string;
}

export type ReportFormat = 'human' | 'tap' | 'junit' | 'json' | 'github';

/** Whether a result is a failure of the whole. */
export function isFailure({ result }: CheckResult, strict: boolean): boolean {
  return result === 'fail' || (strict && result === 'warn');
}

/** `41 passed, 1 failed, 2 warnings, 3 skipped`, without what is none. */
export function summary(results: readonly CheckResult[]): string {
  const count = (wanted: CheckResult['result']): number => results.filter(({ result }) => result === wanted).length;
  const warnings = count('warn');
  const parts = [
    [count('pass'), 'passed'],
    [count('fail'), 'failed'],
    [warnings, warnings === 1 ? 'warning' : 'warnings'],
    [count('skip'), 'skipped'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return told.length === 0 ? 'nothing to check' : told.join(', ');
}
