import { LedgerError } from '../../library/index.ts';
import type { LedgerErrorCode } from '../../library/index.ts';

/** The fix of an error: its message offers it as the first button. Pure. */
export type Remedy = 'repair' | 'settings' | 'showFile';

const OF_LEDGER: Partial<Record<LedgerErrorCode, Remedy>> = {
  damaged: 'repair',
  'not-a-file': 'settings',
  'no-folder': 'settings',
  'dangling-link': 'settings',
  unsupported: 'settings',
  mounted: 'settings',
  'no-access': 'showFile',
  'read-only': 'showFile',
};

export function remedyOf(error: unknown): Remedy | undefined {
  if (error instanceof LedgerError) return OF_LEDGER[error.code];
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'PriceFileError') return 'showFile';
  return /\bllmSpend\.\w/.test(error.message) ? 'settings' : undefined;
}

/** The first absolute path in a message: the file that it is about. */
export function pathIn(message: string): string | undefined {
  return /(?:^|[\s"'(])((?:\/|[A-Za-z]:[\\/])[^\s"':]+\.(?:json|db|sqlite))/.exec(message)?.[1];
}
