import type { FurtherStarts } from '../target/all-versions.js';
import type { Facts } from './facts.js';
import type { Ending, StartRecord } from './start-record.js';

/** A line of what `inspect` prints: a word, and what is told. */
export type Row = readonly [label: string, text: string];

/** What is known when the plugin has ended. */
export interface Life extends Facts, Partial<FurtherStarts> {
  /** The application protocol versions that were offered. */
  readonly offered?: readonly number[];
  readonly log?: StartRecord['log'];
  readonly ended?: Ending | undefined;
}

/** The rows on how the plugin was reached. */
export function handshakeRows(life: Life, version: number, otherwise: Row): readonly Row[] {
  const { line, lineMs = 0, offered, versions, socketInDirectory, multiplexing } = life;
  const rows: Row[] = [line === undefined ? otherwise : ['handshake', `${shortened(line)}  in ${lineMs} ms`]];
  if (offered !== undefined) {
    const all = versions === undefined ? '' : `; it speaks ${ranges(versions.toReversed())}`;
    rows.push(['  version', `${version} of ${ranges(offered)}${all}`]);
  }
  if (socketInDirectory !== undefined)
    rows.push([
      '  socket',
      socketInDirectory
        ? 'in the directory that was asked for'
        : 'not in PLUGIN_UNIX_SOCKET_DIR (go-plugin before 1.5)',
    ]);
  if (multiplexing !== undefined) rows.push(['  multiplex', multiplexing ? 'offered' : 'not offered']);
  return rows;
}

/** `AutoMTLS: P-256, localhost, until 2056-01-02; a client without certificate is refused`. */
export function tlsText({ certificate, refusesStrangers }: Life, kind: string): string {
  const told =
    certificate === undefined ? '' : `: ${certificate.key}, ${certificate.names}, until ${certificate.until}`;
  if (refusesStrangers === undefined) return kind + told;
  return `${kind}${told}; a client without certificate is ${refusesStrangers ? 'refused' : 'SERVED'}`;
}

/** The rows on what a plugin answers by itself. */
export function healthRows({ health, netRpc }: Life): readonly Row[] {
  const rows: Row[] = [];
  if (health !== undefined) rows.push(['health', `plugin: ${health.plugin} · server: ${health.server}`]);
  if (netRpc === undefined) return rows;
  rows.push(['streams', `control, stdout, stderr; Control.Ping answered in ${netRpc.pingMs} ms`]);
  const { dispensed } = netRpc;
  if (dispensed !== undefined) rows.push(['dispense', `${dispensed.name}: ${dispensed.error ?? 'there'}`]);
  return rows;
}

/** The rows on what is known last. */
export function endingRows({ log, ended }: Life): readonly Row[] {
  const rows: Row[] = [];
  if (log !== undefined) rows.push(['log', logText(log)]);
  if (ended === undefined) return rows;
  const { askedAt, afterMs, code, signal, socketRemoved } = ended;
  const how = signal === null ? `code ${code ?? 'unknown'}` : `by ${signal}`;
  const socket = socketRemoved === undefined ? '' : `, socket ${socketRemoved ? 'removed' : 'left behind'}`;
  rows.push(['ended', `asked ${askedAt.slice(11, 23)}, gone after ${afterMs} ms, ${how}${socket}`]);
  return rows;
}

function logText({ lines, hclog }: StartRecord['log']): string {
  if (lines === 0) return 'nothing';
  const count = `${lines} ${lines === 1 ? 'line' : 'lines'}`;
  return `${count}, ${hclog === lines ? 'all' : hclog === 0 ? 'none' : `${hclog} of them`} hclog JSON`;
}

/** Without the text of the certificate. */
function shortened(line: string): string {
  const fields = line.trim().split('|');
  const certificate = fields[5] ?? '';
  if (certificate.length > 20) fields[5] = `${certificate.slice(0, 5)}…(${Math.floor((certificate.length * 3) / 4)} B)`;
  return fields.join('|');
}

/** `0–255`, `1, 3–5`. */
export function ranges(versions: readonly number[]): string {
  const found: [from: number, to: number][] = [];
  for (const version of versions) {
    const last = found.at(-1);
    if (last !== undefined && version === last[1] + 1) last[1] = version;
    else found.push([version, version]);
  }
  return found
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`))
    .join(', ');
}
