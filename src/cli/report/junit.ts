import type { CheckResult } from 'rxplug/testing';
import { visible } from '../terminal/visible.js';
import { isFailure, type Report, type Subject } from './report.js';

/** XML as JUnit's tasks of Ant write it, which CI servers read. */
export function junitReport({ strict, target, startedAt }: Subject): Report {
  const results: CheckResult[] = [];
  return {
    add: (result) => {
      results.push(result);
      return '';
    },
    end: () => {
      const failures = results.filter((result) => isFailure(result, strict)).length;
      const skips = results.filter(({ result }) => result === 'skip').length;
      const attributes = attributesOf({
        name: `rxplug check plugin ${target}`,
        timestamp: startedAt.toISOString().slice(0, 19),
        tests: results.length,
        failures,
        errors: 0,
        skipped: skips,
        time: seconds(results.reduce((sum, { ms }) => sum + ms, 0)),
      });
      const cases = results.map((result) => testCase(result, strict)).join('');
      return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite${attributes}>\n${cases}  </testsuite>\n</testsuites>\n`;
    },
  };
}

function testCase(result: CheckResult, strict: boolean): string {
  const { id, title, ms, got, expected, level, doc } = result;
  const attributes = attributesOf({ classname: `rxplug.check.${id[0]}`, name: `${id} ${title}`, time: seconds(ms) });
  const text = escaped(`${level}: ${expected}. Got: ${got}. ${doc}`);
  const inner = (): string => {
    if (result.result === 'pass') return '';
    if (result.result === 'skip') return `<skipped${attributesOf({ message: got })}/>`;
    if (isFailure(result, strict)) return `<failure${attributesOf({ type: level, message: got })}>${text}</failure>`;
    return `<system-out>${text}</system-out>`;
  };
  const body = inner();
  return `    <testcase${attributes}${body === '' ? '/>' : `>${body}</testcase>`}\n`;
}

function attributesOf(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Most control characters may not stand in XML, not even escaped. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll('\ufffe', '\\ufffe')
    .replaceAll('\uffff', '\\uffff')
    .replaceAll(/\p{Cs}/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#9;');
}
