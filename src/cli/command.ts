import type { Terminal } from './output/terminal.ts';

/** The declaration of a command in `commands/`: its options, its help, and its implementation. */

export interface OptionSpec {
  /** In commander's notation: `-p, --provider <name>`. */
  flags: string;
  help: string;
  /** The option may be given several times; its value is a list. */
  repeatable?: boolean;
  /** Whether the help omits the option. */
  hidden?: boolean;
}

export interface ArgumentSpec {
  /** In commander's notation: `<id...>`, `[name]`. */
  name: string;
  help: string;
}

export interface Call<Flags> {
  flags: Flags;
  /** One entry per declared argument; undefined for a missing optional argument. */
  words: readonly unknown[];
  /** All arguments of the process. */
  argv: readonly string[];
  terminal: Terminal;
}

export interface CommandSpec<Flags extends object> {
  /** The command's line in the list of commands. */
  summary: string;
  arguments?: readonly ArgumentSpec[];
  /** Excluding `--ledger` and `--json`, which every command has. */
  options: readonly OptionSpec[];
  /** Command lines; at least one. */
  examples: readonly string[];
  /** Text below the examples. */
  notes?: string;
  /** Whether options after the first argument belong to the arguments, as of a command line that is run. */
  passThrough?: boolean;
  /** @returns the exit code. */
  run(call: Call<Flags>): Promise<number>;
}

/** The options that every command has. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { flags: '--ledger <file>', help: 'use this ledger instead of LLM_SPEND_LEDGER or the default one' },
  { flags: '--json', help: 'print JSON (see docs/json.md)' },
];
