/** What the process says to its caller by its exit code. A contract: scripts rely on it. */
export const EXIT = {
  done: 0,
  /** Nothing was changed; of a stream, at least one record was refused or could not be stored. */
  failed: 1,
  /** The arguments or the record they describe are wrong. */
  usage: 2,
  /** The ledger is damaged: see `llm-spend verify`. */
  damaged: 3,
  /** Recorded, durably, but not in the ledger's file: something keeps it from being written. */
  waiting: 4,
} as const;

/** Ended by a signal, as shells say it: 128 + its number. */
export const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** A failure with words for a person: what happened, and what to do. */
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

/** By its name: the bundles of the command have a class each. */
export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && error.name === 'CliError';
}

/** The command was called in a wrong way. */
export function usageError(message: string, field?: string): CliError {
  return new CliError('usage', message, { exitCode: EXIT.usage, ...(field === undefined ? {} : { field }) });
}
