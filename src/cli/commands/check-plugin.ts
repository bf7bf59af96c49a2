import { PluginError } from 'rxplug';
import { CHECK_ITEMS, type CheckOptions, type CheckResult, checkPlugin } from 'rxplug/testing';
import type { CliContext } from '../process/context.js';
import { CommandFailure, ExitCode, UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { untilSignal } from '../process/until-signal.js';
import { createReport } from '../report/create-report.js';
import { isFailure, type ReportFormat } from '../report/report.js';
import { checkOptions } from '../target/check-options.js';
import type { ProgramFlags } from '../target/options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { programOf } from '../target/words.js';
import { columns } from '../terminal/columns.js';
import { brokerCallOf } from './broker-call.js';

export interface CheckFlags extends ProgramFlags {
  readonly descriptors?: readonly string[];
  readonly tls: 'auto' | 'off';
  readonly format: ReportFormat;
  readonly json: boolean;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly strict: boolean;
  readonly call?: string;
  readonly list: boolean;
}

/** `rxplug check plugin PROGRAM`, or `rxplug check plugin -- PROGRAM ARGUMENT...`. */
export const check = reporting(async function (
  this: CliContext,
  flags: CheckFlags,
  ...words: readonly string[]
): Promise<void> {
  const { stdout } = this.process;
  if (flags.list) return void stdout.write(list(flags));
  const target = await resolveTarget(commandOf(this, words), { ...flags });
  const { strict } = flags;
  const subject = { target: target.title, startedAt: new Date(), strict, items: CHECK_ITEMS };
  const report = createReport(flags.json ? 'json' : flags.format, subject);
  const results: CheckResult[] = [];
  const printing = untilSignal(checkPlugin(optionsOf(target, flags))).forEach((result) => {
    results.push(result);
    stdout.write(report.add(result));
  });
  await printing.catch(rethrow);
  stdout.write(report.end());
  const failures = results.filter((result) => isFailure(result, strict)).length;
  if (failures > 0) throw new CommandFailure(ExitCode.bad, `${failures} of ${results.length} items failed.`);
});

function commandOf(context: CliContext, words: readonly string[]): readonly string[] {
  const {
    command,
    rest: [unexpected],
  } = programOf(context, words);
  if (unexpected === undefined) return command;
  throw new UsageError(`Expected a program alone, got ${unexpected} too. With arguments: -- PROGRAM ARGUMENT...`);
}

function optionsOf(target: Target, flags: CheckFlags): CheckOptions {
  return {
    ...checkOptions(target, flags),
    autoMtls: flags.tls !== 'off',
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(flags.skip === undefined ? {} : { skip: flags.skip }),
    ...(flags.call === undefined ? {} : { brokerCall: brokerCallOf(flags.call, flags.descriptors ?? []) }),
  };
}

/** Options that are wrong were typed. */
function rethrow(error: unknown): never {
  throw PluginError.is(error) && error.code === 'ERR_OPTIONS' ? new UsageError(error.message) : error;
}

function list({ format, json }: CheckFlags): string {
  if (json || format === 'json') return `${JSON.stringify(CHECK_ITEMS, undefined, 2)}\n`;
  const rows = CHECK_ITEMS.map(({ id, level, title, expected }) => [id, level, title, expected]);
  return `${columns([['ID', 'LEVEL', 'A PLUGIN', 'EXPECTED'], ...rows]).join('\n')}\n`;
}
