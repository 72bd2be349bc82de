/** The exit codes. They are a contract: scripts rely on them. */
export const EXIT = {
  done: 0,
  /** Nothing was changed; for a stream: at least one record was refused or could not be stored. Or all was done, but not printed. */
  failed: 1,
  /** The arguments, or the record they describe, are invalid. */
  usage: 2,
  /** The ledger is damaged: see `llm-spend verify`. */
  damaged: 3,
  /** A budget or `--max` is reached. */
  limit: 4,
  /** Recorded durably, but the ledger's file cannot be written at the moment. */
  waiting: 5,
} as const;

/** Ended by a signal: 128 + its number, the convention of shells. */
export const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** A failure whose message explains what happened and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exitCode: number;
  /** The flag or field concerned. */
  readonly field: string | undefined;
  constructor(code: string, message: string, options: { exitCode?: number; field?: string } = {}) {
    super(message);
    this.code = code;
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.field = options.field;
  }
}

/** Compared by name, because each bundle of the command has its own class. */
export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && error.name === 'CliError';
}

/** The command was called incorrectly. */
export function usageError(message: string, field?: string): CliError {
  return new CliError('usage', message, { exitCode: EXIT.usage, ...(field === undefined ? {} : { field }) });
}
