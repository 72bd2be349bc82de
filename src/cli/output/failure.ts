import type { LedgerError } from '../../ledger/results.ts';
import { UsageError } from '../../usage/record.ts';
import { EXIT, isCliError } from './exit.ts';
import { JSON_VERSION } from './jsonOutput.ts';
import { t } from '../language/text.ts';

/** Any thrown value, as a one-line message and as an object for programs. */
export interface Failure {
  code: string;
  message: string;
  exitCode: number;
  field?: string | undefined;
  rule?: string | undefined;
}

const SYSTEM: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

export function failureOf(error: unknown): Failure {
  if (isCliError(error)) {
    return { code: error.code, message: error.message, exitCode: error.exitCode, field: error.field };
  }
  if (error instanceof UsageError) {
    return {
      code: 'refused',
      message: t`The record was refused: ${error.message}. Nothing was stored.`,
      exitCode: EXIT.usage,
      field: error.field,
      rule: error.rule,
    };
  }
  if (isLedgerError(error)) {
    return {
      code: error.code,
      message: error.message,
      exitCode: error.code === 'damaged' ? EXIT.damaged : EXIT.failed,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'PathError') return { code: 'path', message, exitCode: EXIT.failed };
  // Errors of the system's files and disks are no mistake of the command: no permission, a full disk, no folder.
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (SYSTEM.has(code ?? '') || (code !== undefined && path !== undefined)) {
    return { code: 'io', message, exitCode: EXIT.failed };
  }
  return { code: 'internal', message: t`Unexpected: ${message}. Please report this.`, exitCode: EXIT.failed };
}

/** Compared by name, because each bundle has its own class. */
function isLedgerError(error: unknown): error is LedgerError {
  return error instanceof Error && error.name === 'LedgerError';
}

export function failureJson({ code, message, field, rule }: Failure): object {
  return { version: JSON_VERSION, error: { code, message, field, rule } };
}
