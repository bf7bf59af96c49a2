import { githubReport } from './github.js';
import { humanReport } from './human.js';
import { jsonReport } from './json.js';
import { junitReport } from './junit.js';
import type { Report, ReportFormat, Subject } from './report.js';
import { tapReport } from './tap.js';

const REPORTS: Readonly<Record<ReportFormat, (subject: Subject) => Report>> = {
  human: humanReport,
  tap: tapReport,
  junit: junitReport,
  json: jsonReport,
  github: githubReport,
};

/** A report in the format. */
export function createReport(format: ReportFormat, subject: Subject): Report {
  return REPORTS[format](subject);
}
