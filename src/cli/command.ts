import type { Terminal } from './output/terminal.ts';

/** What each file in `commands/` declares: its options, its help, and what it does. */

export interface OptionSpec {
  /** In commander's notation: `-p, --provider <name>`. */
  flags: string;
  help: string;
  /** The option may be given several times; its value is then a list. */
  repeatable?: boolean;
  /** The option is left out of the help. */
  hidden?: boolean;
}

export interface ArgumentSpec {
  /** In commander's notation: `<id...>`, `[name]`. */
  name: string;
  help: string;
}

export interface Call<Flags> {
  flags: Flags;
  /** One entry for each declared argument; undefined where an optional one is missing. */
  words: readonly unknown[];
  /** All arguments of the process. */
  argv: readonly string[];
  terminal: Terminal;
}

export interface CommandSpec<Flags extends object> {
  /** The command's line in the list of commands. */
  summary: string;
  arguments?: readonly ArgumentSpec[];
  /** Without `--ledger` and `--json`, which every command has. */
  options: readonly OptionSpec[];
  /** Command lines; at least one. */
  examples: readonly string[];
  /** Text below the examples. */
  notes?: string;
  /** Returns the exit code. */
  run(call: Call<Flags>): Promise<number>;
}

/** The options that every command has. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { flags: '--ledger <file>', help: 'use this ledger instead of LLM_SPEND_LEDGER or the default one' },
  { flags: '--json', help: 'print JSON (see docs/json.md)' },
];
