import type { CheckResult } from 'rxplug/testing';
import type { Report, Subject } from './report.js';

/** One document with everything. */
export function jsonReport({ target, startedAt }: Subject): Report {
  const items: CheckResult[] = [];
  return {
    add: (result) => {
      items.push(result);
      return '';
    },
    end: () => {
      const document = { tool: 'rxplug', target, startedAt: startedAt.toISOString(), items };
      return `${JSON.stringify(document, undefined, 2)}\n`;
    },
  };
}
