import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that was started with a job, says `ready`, and answers lines with lines (peers/work.ts, test/conformance/go/bench). */
export interface Job extends AsyncDisposable {
  readonly pid: number;
  /** What it has said when it was ready. */
  readonly firstLine: string;
  ask(line: string): Promise<string>;
}

/** What was done on order. */
export interface Work {
  /** Calls, messages, starts. */
  readonly done: number;
  readonly seconds: number;
  /** CPU time of the process that was asked. */
  readonly cpuMicros: number;
  /** Of one call; 0 where there is none. */
  readonly medianMicros: number;
}

/** It ends with its standard input, and so with this process. */
export async function startJob([file, ...args]: readonly [string, ...string[]]): Promise<Job> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => Promise.reject(new Error(`${[file, ...args].join(' ')} ended with ${code}`)));
  died.catch(() => {});
  const lines = createInterface({ input: child.stdout });
  const answer = async () => ((await Promise.race([once(lines, 'line'), died])) as [string])[0];
  const firstLine = await answer();
  return {
    pid: child.pid!,
    firstLine,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Orders work: a word and three numbers, of which the last is how long to work, in milliseconds. */
export async function order(job: Job, ...words: readonly [string, number, number, number]): Promise<Work> {
  const [done = 0, seconds = 0, cpuMicros = 0, medianMicros = 0] = (await job.ask(words.join(' ')))
    .split(' ')
    .map(Number);
  return { done, seconds, cpuMicros, medianMicros };
}
