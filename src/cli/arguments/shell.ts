/** Quotes text as one word of a shell command line. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command on the same ledger, for hints that users can paste. */
export function commandLine(command: string, { ledger }: { ledger?: string }): string {
  return `llm-spend ${command}${ledger === undefined ? '' : ` --ledger ${shellQuoted(ledger)}`}`;
}
