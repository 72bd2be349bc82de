/** The text as one word of a shell's command line. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The command on the same ledger, for hints that can be pasted. */
export function commandLine(command: string, { ledger }: { ledger?: string }): string {
  return `llm-spend ${command}${ledger === undefined ? '' : ` --ledger ${shellQuoted(ledger)}`}`;
}
