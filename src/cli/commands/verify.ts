import type { CommandSpec } from '../command.ts';
import path from 'node:path';
import type { Problem, Verification } from '../../ledger/results.ts';
import { isLedgerUrl } from '../../system/paths.ts';
import { plain } from '../../usage/text.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted, whole } from '../report/numbers.ts';
import { table } from '../output/table.ts';
import { commandLine } from '../arguments/shell.ts';
import { styled, type Terminal } from '../output/terminal.ts';
import { t, tMessage } from '../language/text.ts';

export interface VerifyFlags extends LedgerFlag {
  json?: boolean;
}

/** `llm-spend verify`: reports the ledger's state as text and as exit code. Changes nothing. */
export async function verify(flags: VerifyFlags, terminal: Terminal): Promise<number> {
  const found = await withLedger(flags, (ledger) => ledger.verify());
  if (flags.json === true) await writeJson(terminal.out, envelope('verify', verificationJson(found)));
  else await terminal.out.line(verificationText(found, flags, terminal));
  if (found.health === 'unavailable') return EXIT.failed;
  const damaged = found.health === 'damaged' || found.problems.some(({ severity }) => severity === 'error');
  if (damaged) return EXIT.damaged;
  return found.problems.some(({ code }) => code === 'not-committed') ? EXIT.waiting : EXIT.done;
}

const VERDICTS: Record<Verification['health'], string> = {
  ok: t`is sound`,
  missing: t`does not exist yet`,
  damaged: t`is damaged`,
  unavailable: t`cannot be opened`,
};

function verificationJson({ problems, files, ...rest }: Verification): object {
  const named = problems.map(({ usageId, ...problem }) => ({ ...problem, usage_id: usageId }));
  return { ...rest, problems: named, files };
}

function verificationText(found: Verification, flags: VerifyFlags, { out }: Terminal): string {
  const isWarned = found.health === 'ok' && found.problems.length > 0;
  const style = isWarned ? 'yellow' : found.health === 'ok' || found.health === 'missing' ? 'green' : 'red';
  const verdict = isWarned ? t`can be read, with warnings` : VERDICTS[found.health];
  const parts = [t`${plain(found.path)} ${styled(out, style, verdict)}.`];
  const notes = [
    counted(found.records, 'record'),
    ...(found.pending > 0 ? [t`${whole(found.pending)} of them durable in a journal and not yet in the file`] : []),
    ...(found.unreadable > 0 ? [t`${whole(found.unreadable)} unreadable, kept as they are and not counted`] : []),
    // A server does not say how much it stores.
    ...(isLedgerUrl(found.path) ? [] : [t`${whole(found.bytes)} bytes`]),
  ];
  parts[0] += `\n${t`${notes.join(', ')}.`}`;
  if (found.problems.length > 0) {
    parts.push(found.problems.map((problem) => problemLine(problem, out)).join('\n'));
  }
  if (found.files.length > 0) {
    const rows = found.files.map((file) => [
      file.role,
      whole(file.bytes),
      file.records === undefined ? '' : whole(file.records),
      path.basename(file.path),
      tMessage(file.meaning),
    ]);
    const columns = [
      { title: t`File` },
      { title: t`Bytes`, align: 'right' as const },
      { title: t`Records`, align: 'right' as const, dropOrder: 2 },
      { title: t`Name`, shrinks: true },
      { title: t`Meaning`, shrinks: true, dropOrder: 1 },
    ];
    parts.push(table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) }));
  }
  if (found.health === 'damaged')
    parts.push(t`To see what a repair would do: ${plain(commandLine('repair --dry-run', flags))}`);
  return parts.join('\n\n');
}

function problemLine({ severity, message, file, line, offset, usageId }: Problem, out: Terminal['out']): string {
  const where = [
    file,
    line === undefined ? undefined : t`line ${line}`,
    offset === undefined ? undefined : t`byte ${offset}`,
    usageId === undefined ? undefined : t`record ${usageId}`,
  ].filter((part) => part !== undefined);
  const label = styled(out, severity === 'error' ? 'red' : 'yellow', severity === 'error' ? t`error:` : t`warning:`);
  return `${label} ${plain(tMessage(message))}${where.length === 0 ? '' : ` (${plain(where.join(', '))})`}`;
}

export const command: CommandSpec<VerifyFlags> = {
  summary: 'check the ledger and explain its state',
  options: [],
  examples: ['llm-spend verify', 'llm-spend verify --json | jq .problems'],
  run: ({ flags, terminal }) => verify(flags, terminal),
};
