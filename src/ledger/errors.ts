import { errno } from '../system/errno.ts';
import { SideFileError } from '../system/beside.ts';
import { LedgerError } from './results.ts';

/** Converts a system error to a message that names the file, the problem and the remedy. */
export function explain(error: unknown, path: string): LedgerError {
  if (error instanceof LedgerError) return error;
  if (error instanceof SideFileError) return new LedgerError('not-a-file', error.message, { cause: error });
  const wrap = (code: LedgerError['code'], message: string): LedgerError =>
    new LedgerError(code, message, { cause: error });
  switch (errno(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return wrap('disk-full', `The disk of ${path} is full. Free some space and try again.`);
    case 'EROFS':
      return wrap('read-only', `${path} is on a read-only disk. Name a ledger elsewhere (--ledger or the setting).`);
    case 'EACCES':
    case 'EPERM':
      return wrap('no-access', `No permission for ${path} or its folder. Check who owns them, or name another ledger.`);
    case 'EISDIR':
      return wrap('not-a-file', `${path} is a folder. Name a file in it, for example ${path}/costs.json.`);
    case 'ENOTDIR':
      return wrap('no-folder', `Part of the path ${path} is a file and not a folder. Check the path.`);
    case 'ELOOP':
      return wrap('dangling-link', `${path} is a link that leads back to itself. Correct or remove the link.`);
    case 'ENAMETOOLONG':
      return wrap('no-folder', `The path ${path} is too long for this system. Name a shorter one.`);
    default:
      return wrap('io', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
