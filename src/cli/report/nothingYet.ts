import { plain } from '../../usage/text.ts';
import type { LedgerFlag } from '../arguments/ledgerPath.ts';
import { commandLine } from '../arguments/shell.ts';

/** The first command to try while nothing is recorded. */
export function emptyText(flags: LedgerFlag): string {
  return [
    'Nothing is recorded yet. Record the first usage:',
    '',
    `  ${plain(commandLine('record', flags))} --provider openai --model gpt-5 --operation chat \\`,
    '    --input-tokens 1200 --output-tokens 350 --cost-usd 0.005',
  ].join('\n');
}
