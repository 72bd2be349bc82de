import type { GitError } from '../../git/run.ts';
import type { GitRepositoriesRead } from '../../git/repositories.ts';
import { CliError, EXIT, usageError } from '../output/exit.ts';
import { shown } from './arguments.ts';
import { t } from '../language/text.ts';

/** The repository of the working folder, and all that were read on this machine before. */
export async function readRepositories(): Promise<GitRepositoriesRead> {
  const { GitRepositories } = await import('../../git/index.ts');
  const repositories = new GitRepositories();
  const read = await repositories.read([workingFolder()]);
  await repositories.settle();
  return read;
}

export function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    throw new CliError('git', t`The working folder was deleted. Change to another folder.`);
  }
}

/** Converts an error of git to one of the command. */
export function gitFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'GitError') return error;
  const { problem, message } = error as GitError;
  return new CliError('git', message, { exitCode: problem === 'no-commit' ? EXIT.usage : EXIT.failed });
}

/** The pattern of tickets in names of branches. */
export function ticketPattern(flag: string | undefined): RegExp | undefined {
  if (flag === undefined) return undefined;
  try {
    const pattern = new RegExp(flag);
    if (flag !== '' && !pattern.test('')) return pattern;
  } catch {
    // Refused below.
  }
  throw usageError(
    t`--ticket-pattern: must be a regular expression that finds a ticket, such as "[A-Z]+-\\d+" (got ${shown(flag)}).`,
    '--ticket-pattern',
  );
}
