import type { CheckResult } from 'rxplug/testing';
import { visibleLine } from '../terminal/visible.js';
import { isFailure, type Report, type Subject, summary } from './report.js';

/** Workflow commands of GitHub Actions: an annotation for each item that is not met. */
export function githubReport({ strict }: Subject): Report {
  const results: CheckResult[] = [];
  return {
    add: (result) => {
      results.push(result);
      const { id, title, got, expected, level, doc } = result;
      if (result.result === 'pass' || result.result === 'skip') return '';
      const command = isFailure(result, strict) ? 'error' : 'warning';
      const text = escaped(`${visibleLine(got)}. ${level}: ${expected}. ${doc}`);
      return `::${command} title=${escapedProperty(`${id} ${title}`)}::${text}\n`;
    },
    end: () => `${summary(results)}\n`,
  };
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
