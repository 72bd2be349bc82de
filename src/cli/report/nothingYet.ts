import type { LedgerState } from '../../ledger/results.ts';
import { plain } from '../../usage/text.ts';
import type { LedgerFlag } from '../arguments/ledgerPath.ts';
import { commandLine } from '../arguments/shell.ts';
import { t } from '../language/text.ts';

/** The first commands to try while nothing is recorded; empty if that is not known, because a ledger cannot be read. */
export function emptyText(flags: LedgerFlag, states: readonly LedgerState[]): string {
  if (states.some(({ health }) => health === 'damaged' || health === 'unavailable')) return '';
  return [
    t`Nothing is recorded yet. Import the usage that coding agents have logged on this machine:`,
    '',
    `  ${plain(commandLine('import', flags))} all`,
    '',
    t`Or record a call:`,
    '',
    `  ${plain(commandLine('record', flags))} --provider openai --model gpt-5 --operation chat \\`,
    '    --input-tokens 1200 --output-tokens 350 --cost-usd 0.005\n\n',
  ].join('\n');
}
