import { Command, Option } from 'commander';
import { collect } from './arguments/arguments.ts';
import { COMMON_OPTIONS, type CommandSpec, type OptionSpec } from './command.ts';
import { usageError } from './output/exit.ts';
import type { Terminal } from './output/terminal.ts';
import { helpInLanguage } from './language/help.ts';
import { t, tText } from './language/text.ts';

/** All commands, in the order of the help. Only the modules of the commands needed are loaded. */
const COMMANDS = new Map<string, () => Promise<{ command: CommandSpec<object> }>>([
  ['record', () => import('./commands/record.ts')],
  ['costs', () => import('./commands/costs.ts')],
  ['compare', () => import('./commands/money/compare.ts')],
  ['export', () => import('./commands/export.ts')],
  ['watch', () => import('./commands/watch.ts')],
  ['remove', () => import('./commands/remove.ts')],
  ['edit', () => import('./commands/edit.ts')],
  ['undo', () => import('./commands/undo.ts')],
  ['clear', () => import('./commands/clear.ts')],
  ['unpriced', () => import('./commands/prices/unpriced.ts')],
  ['reprice', () => import('./commands/prices/reprice.ts')],
  ['prices', () => import('./commands/prices/prices.ts')],
  ['verify', () => import('./commands/verify.ts')],
  ['repair', () => import('./commands/repair.ts')],
  ['import', () => import('./commands/import.ts')],
  ['rules', () => import('./commands/coverage/rules.ts')],
  ['doctor', () => import('./commands/coverage/doctor.ts')],
  ['statusline', () => import('./commands/statusline.ts')],
  ['migrate', () => import('./commands/migrate.ts')],
  ['sync', () => import('./commands/sync.ts')],
  ['budget', () => import('./commands/budget/budget.ts')],
  ['run', () => import('./commands/run/run.ts')],
  ['receive', () => import('./commands/live/receive.ts')],
  ['connect', () => import('./commands/live/connect.ts')],
  ['disconnect', () => import('./commands/live/disconnect.ts')],
  ['receipt', () => import('./commands/money/receipt.ts')],
  ['mcp', () => import('./commands/agents/mcp.ts')],
  ['path', () => import('./commands/path.ts')],
]);

/**
 * Builds the command that `argv` names, or all commands for the help and for suggestions.
 * @param done receives the exit code.
 */
export async function buildProgram(
  argv: readonly string[],
  terminal: Terminal,
  done: (exitCode: number) => void,
): Promise<Command> {
  const program = new Command('llm-spend');
  const wanted = argv[0] !== undefined && COMMANDS.has(argv[0]) ? [argv[0]] : COMMANDS.keys();
  // Commands inherit these settings, so they come first.
  program
    .configureHelp(helpInLanguage())
    .exitOverride()
    .enablePositionalOptions()
    .helpOption('-h, --help', t`show help`)
    .helpCommand(false);
  for (const name of wanted) {
    const { command: spec } = await COMMANDS.get(name)!();
    const command = program.command(name).description(tText(spec.summary)).allowExcessArguments(false);
    if (spec.passThrough === true) command.passThroughOptions();
    for (const argument of spec.arguments ?? []) command.argument(argument.name, tText(argument.help));
    const options = [...spec.options, ...COMMON_OPTIONS];
    const flags = new Set(options.map(({ flags: each }) => new Option(each).long ?? ''));
    for (const option of options) command.addOption(optionOf(option, flags, argv));
    const examples = spec.examples.map((line) => `  $ ${line}`).join('\n');
    command.addHelpText(
      'after',
      `\n${t`Examples:`}\n${examples}${spec.notes === undefined ? '' : `\n\n${spec.notes}`}`,
    );
    command.action(async (...given: unknown[]) => {
      const words = given.slice(0, spec.arguments?.length ?? 0);
      done(await spec.run({ flags: command.opts(), words, argv, terminal }));
    });
  }
  return program;
}

/** @param argv the arguments of the process, in which an option without its value would take the next flag for it. */
function optionOf(
  { flags, help, repeatable = false, hidden = false }: OptionSpec,
  others: ReadonlySet<string>,
  argv: readonly string[],
): Option {
  const option = new Option(flags, tText(help)).hideHelp(hidden);
  if (!option.required) return option;
  const names = [option.long, option.short];
  return option.argParser((value: string, before: unknown) => {
    // `--note=--json` is meant.
    if (others.has(value) && argv.some((each, i) => each === value && names.includes(argv[i - 1]))) {
      const wanted =
        option.long === '--response'
          ? t`${flags}: a file, or - for stdin, is missing before ${value}.`
          : t`${flags}: its value is missing before ${value}.`;
      throw usageError(wanted, option.long);
    }
    return repeatable ? collect(value, before as string[] | undefined) : value;
  });
}
