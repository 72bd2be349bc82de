import { CommanderError, type Command } from 'commander';
import { version } from '../../package.json';
import { plainImport, type PlainImport } from './arguments/plainImport.ts';
import { EXIT, usageError, type CliError } from './output/exit.ts';
import { report } from './output/finish.ts';
import { finished } from './output/finished.ts';
import { buildProgram } from './program.ts';
import { openTerminal, type Terminal } from './output/terminal.ts';
import { t, tMessage } from './language/text.ts';

const epilogue = (): string => `
${t`Examples:`}
  $ llm-spend import all
  $ llm-spend costs --by day
  $ llm-spend record --provider openai --model gpt-5 --operation chat --cost-usd 0.005

${t`Exit codes: 0 done, 1 failed (or some records were refused), 2 wrong usage, 3 ledger damaged (see llm-spend verify),
4 a budget or --max is reached, 5 recorded beside the ledger, which cannot be written now (see llm-spend verify).
Help for a command: llm-spend <command> --help`}`;

/**
 * Runs any command: the bundle dist/commands.js, which a one-shot `record` does not load.
 * @param input the text of stdin, if it was read already.
 */
export async function runCommand(argv: readonly string[], input?: string): Promise<number> {
  const terminal = { ...openTerminal(), input };
  const plain = plainImport(argv);
  try {
    return await finished(
      plain === undefined ? await runProgram(argv, terminal) : await runImport(plain, terminal),
      terminal,
    );
  } catch (error) {
    return report(error, argv, terminal);
  }
}

/** An import that finds nothing new takes little more than starting Node; loading commander would double that. */
async function runImport({ sources, flags }: PlainImport, terminal: Terminal): Promise<number> {
  const { importUsage } = await import('./commands/import.ts');
  return importUsage(sources, flags, terminal);
}

async function runProgram(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = await buildProgram(argv, terminal, (code) => (exitCode = code));
  program
    .description(t`Records what LLM calls cost, and reports it.`)
    .usage('<command> [options]')
    .version(version, '--version', t`print the version`)
    .addHelpText('after', epilogue());
  const texts = captureTexts(program, terminal);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    await terminal.out.write(texts.help);
    if (error.exitCode === 0) return EXIT.done;
    if (error.code !== 'commander.help')
      throw commanderFailure(error, program.commands.length === 1 ? argv[0] : undefined);
    await terminal.err.write(texts.usage);
    return EXIT.usage;
  }
}

/** Collects commander's output: `help` if help was requested; `usage` is the help shown for a call without a command. */
function captureTexts(program: Command, terminal: Terminal): { help: string; usage: string } {
  const texts = { help: '', usage: '' };
  const output = {
    writeOut: (text: string) => void (texts.help += text),
    writeErr: (text: string) => void (texts.usage += text),
    // Errors are also thrown, and reported in our own wording.
    outputError: () => {},
    getOutHelpWidth: () => terminal.out.columns ?? 100,
    getErrHelpWidth: () => terminal.err.columns ?? 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
  for (const command of [program, ...program.commands]) command.configureOutput(output);
  return texts;
}

/** Rewords an error of commander. */
function commanderFailure(error: CommanderError, command: string | undefined): CliError {
  const [first = ''] = error.message.replace(/^error: /, '').split('\n');
  const hint = /Did you mean [^)]*\?/.exec(error.message)?.[0];
  const sentence = tMessage(`${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`);
  const flag = /'(?:-\w, )?(--[\w-]+)/.exec(first)?.[1];
  const help = command === undefined ? 'llm-spend --help' : `llm-spend ${command} --help`;
  return usageError(`${sentence} ${hint === undefined ? t`See: ${help}` : tMessage(hint)}`, flag);
}
