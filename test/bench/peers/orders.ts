import { createInterface } from 'node:readline';

/** Answers each line `cpu` of standard input with this process's CPU time in microseconds; ends the process with standard input. */
export function answerOrders(): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => {
    const { user, system } = process.cpuUsage();
    console.log(user + system);
  });
  lines.once('close', () => process.exit(0));
}
