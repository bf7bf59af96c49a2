import type { CheckResult } from 'rxplug/testing';
import { visibleLine } from '../terminal/visible.js';
import { type Report, type Subject, summary } from './report.js';

const SUBJECTS: Readonly<Record<string, string>> = {
  S: 'start',
  T: 'TLS',
  G: 'gRPC',
  N: 'net/rpc',
  O: 'output',
  M: 'multiplexing',
  B: 'broker',
  E: 'end',
};
const MARKS: Readonly<Record<CheckResult['result'], string>> = { pass: '✔', fail: '✘', warn: '!', skip: '–' };

/** For a reader: a line for each item, and for one that is not met what was expected, and where that stands. */
export function humanReport({ items }: Subject): Report {
  const width = Math.max(...items.map(({ title }) => title.length));
  const results: CheckResult[] = [];
  return {
    add: (result) => {
      const { id, title, got, level, expected, doc } = result;
      const isFirst = results.at(-1)?.id[0] !== id[0];
      results.push(result);
      const heading = isFirst ? `${id[0]}  ${SUBJECTS[id[0] ?? ''] ?? ''}\n` : '';
      const line = `  ${MARKS[result.result]} ${id} ${title.padEnd(width)}  ${visibleLine(got)}\n`;
      const isMissed = result.result === 'fail' || result.result === 'warn';
      const more = isMissed ? `         ${level}: ${expected}\n         ${doc}\n` : '';
      return `${heading}${line}${more}`;
    },
    end: () => `${summary(results)}\n`,
  };
}
