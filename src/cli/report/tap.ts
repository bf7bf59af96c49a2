import { visibleLine } from '../terminal/visible.js';
import type { Report, Subject } from './report.js';

/** The Test Anything Protocol, version 13. A SHOULD that is not met is a TODO, unless it counts as failed. */
export function tapReport({ strict }: Subject): Report {
  let count = 0;
  return {
    add: ({ id, title, result, got, expected, level, doc, ms }) => {
      const head = count === 0 ? 'TAP version 13\n' : '';
      count += 1;
      const isMet = result === 'pass' || result === 'skip';
      const line = `${isMet ? 'ok' : 'not ok'} ${count} - ${id} ${title}`;
      if (result === 'skip') return `${head}${line} # SKIP ${oneLine(got)}\n`;
      if (isMet) return `${head}${line}\n`;
      const todo = result === 'warn' && !strict ? ' # TODO should' : '';
      const told = Object.entries({ level, expected, got: visibleLine(got), doc, ms });
      const yaml = told.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`).join('');
      return `${head}${line}${todo}\n  ---\n${yaml}  ...\n`;
    },
    end: () => `${count === 0 ? 'TAP version 13\n' : ''}1..${count}\n`,
  };
}

/** `#` begins a directive. */
function oneLine(text: string): string {
  return visibleLine(text).replaceAll('#', '');
}
