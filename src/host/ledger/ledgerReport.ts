import type { Problem, RepairResult, UndoResult, Verification } from '../../ledger/results.ts';
import { plain } from '../../usage/text.ts';
import { count, messageIn, records } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';

/** Describes the state of ledgers, and changes to them. Plain text, because file names and fields are untrusted. */

/** A report on ledgers, as a document. */
export function verificationReport(found: readonly Verification[], style: TextStyle): string {
  return `${found.map((each) => oneReport(each, style)).join('\n\n\n')}\n`;
}

/** One sentence for a notification. */
export function verdict(found: Verification, style: TextStyle): string {
  const { path, health, problems } = found;
  const { t } = style;
  const number = records(found.records, style);
  switch (health) {
    case 'ok':
      return problems.length === 0
        ? t('The ledger is sound: {0}.', number)
        : t('The ledger can be read: {0}. Warnings: {1}.', number, problems.length);
    case 'missing':
      return t('There is no ledger yet at {0}.', plain(path));
    case 'damaged':
      return t('The ledger is damaged; {0} can be read.', number);
    case 'unavailable':
      return problems[0] === undefined ? t('The ledger cannot be opened.') : messageIn(style, problems[0].message);
  }
}

/** The steps of a repair, one per line. */
export function repairSteps({ actions, recovered }: RepairResult, style: TextStyle): string {
  const steps = actions.map((action) => `• ${plain(messageIn(style, action))}`);
  if (recovered > 0) steps.push(`• ${style.t('Recovered: {0}', records(recovered, style))}`);
  return steps.join('\n');
}

/** The change that undo reverts, as a noun: `removal of 3 records`. */
export function undoName({ undone, records: number }: UndoResult, style: TextStyle): string {
  switch (undone) {
    case 'remove':
      return style.t('removal of {0}', records(number, style));
    case 'clear':
      return style.t('clearing of {0}', records(number, style));
    case 'replace':
      return style.t('change of {0}', records(number, style));
    case 'import':
      return style.t('import of {0}', records(number, style));
    case 'add':
      return style.t('recording of {0}', records(number, style));
  }
}

function oneReport(found: Verification, style: TextStyle): string {
  const { locale, t } = style;
  const lines = [plain(found.path), '='.repeat(Math.min(100, found.path.length)), '', verdict(found, style), ''];
  const facts: [string, number][] = [
    [t('Records'), found.records],
    [t('In a journal, not in the file yet'), found.pending],
    [t('Unreadable elements, kept unchanged'), found.unreadable],
    [t('Bytes'), found.bytes],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, n] of facts) lines.push(`${name.padEnd(width)}  ${count(n, locale)}`);
  if (found.problems.length > 0) {
    lines.push('', t('Findings'), '-'.repeat(t('Findings').length));
    for (const problem of found.problems) lines.push(problemLine(problem, style));
  }
  if (found.files.length > 0) {
    lines.push('', t('Files'), '-'.repeat(t('Files').length));
    for (const { path, bytes, meaning } of found.files) {
      lines.push(plain(path), `    ${plain(meaning)} (${t('{0} bytes', count(bytes, locale))})`);
    }
  }
  return lines.join('\n');
}

function problemLine({ severity, message, file, line, offset, usageId }: Problem, style: TextStyle): string {
  const { t } = style;
  const where = [
    file === undefined ? undefined : plain(file),
    line === undefined ? undefined : t('line {0}', line),
    offset === undefined ? undefined : t('byte {0}', offset),
    usageId === undefined ? undefined : t('record {0}', plain(usageId)),
  ].filter((part) => part !== undefined);
  const grade = severity === 'error' ? t('Error') : t('Warning');
  return `${grade}: ${plain(messageIn(style, message))}${where.length === 0 ? '' : ` (${where.join(', ')})`}`;
}
