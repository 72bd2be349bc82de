import { Command, Option, type CommanderError } from 'commander';
import { BUCKETS, DIMENSIONS } from '../usage/query.ts';
import { collect } from './arguments/arguments.ts';
import { usageError, type CliError } from './output/exit.ts';
import type { ClearFlags } from './commands/clear.ts';
import type { CostsFlags } from './commands/costs.ts';
import type { ExportFlags } from './commands/export.ts';
import type { ImportFlags } from './commands/import.ts';
import type { MigrateFlags } from './commands/migrate.ts';
import type { PathFlags } from './commands/path.ts';
import type { PricesFlags } from './commands/prices.ts';
import type { RecordFlags } from './commands/record.ts';
import type { RemoveFlags } from './commands/remove.ts';
import type { RepairFlags } from './commands/repair.ts';
import type { RepriceFlags } from './commands/reprice.ts';
import type { StatuslineFlags } from './commands/statusline.ts';
import type { UndoFlags } from './commands/undo.ts';
import type { VerifyFlags } from './commands/verify.ts';
import type { WatchFlags } from './commands/watch.ts';
import type { Terminal } from './output/terminal.ts';

/**
 * The surface of `llm-spend`: every command, flag and help text, and nothing of what they do. Each command's module is
 * loaded when it runs, so that `record` in a script does not pay for tables and CSV.
 */

/** The flags that choose records, inkwell's short ones among them. */
function withFilters(command: Command): Command {
  const several = (flags: string, text: string): Option => new Option(flags, text).argParser(collect);
  return command
    .addOption(several('-p, --provider <name>', 'only this provider; repeat for several; "" for none (so do the next)'))
    .addOption(several('--model <name>', 'only this model'))
    .addOption(several('-o, --operation <name>', 'only this operation'))
    .addOption(several('--project <name>', 'only this project'))
    .addOption(several('-e, --episode <title>', 'only this episode'))
    .addOption(several('--session <id>', 'only this session'))
    .addOption(several('--branch <name>', 'only this branch'))
    .addOption(several('--tag <tag>', 'only records with this tag'))
    .addOption(several('--source <name>', 'only what was recorded by this, as cli or manual'))
    .addOption(several('--with <file>', 'count this ledger too; a record that stands in two counts once'))
    .option('--search <words>', 'only records with all of these words in one of their texts')
    .option('--since <when>', 'from then on: 2026-01-31, 2026-01, 2026-01-31T09:30, today, yesterday, 12h, 7d')
    .option('--until <when>', 'until then; a day, month or year is included')
    .option('-d, --days <n>', 'the last n days, today included')
    .option('--timezone <zone>', "where a day begins, as Europe/Berlin (default: the system's)");
}

function withLedger(command: Command): Command {
  return command
    .option('--ledger <file>', 'this ledger, instead of LLM_SPEND_LEDGER and the default')
    .option('--json', 'write JSON (docs/json.md)');
}

/** What came of a command. */
export interface Outcome {
  exitCode: number;
  /** Help or the version, where that was asked for. */
  help: string;
  /** Help that was not asked for: there was no command. */
  usage: string;
}

/** @param wanted the command that the arguments name: of the others, only what the list of commands shows is built. */
export function buildProgram(
  version: string,
  terminal: Terminal,
  outcome: Outcome,
  wanted: string | undefined,
): Command {
  const program = new Command('llm-spend')
    .description('Records what LLM calls cost, and shows it.')
    .usage('<command> [options]')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .enablePositionalOptions()
    // Commands inherit these two, so they stand before them.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (outcome.help += text),
      writeErr: (text) => (outcome.usage += text),
      // Errors are thrown as well, and told in our own words.
      outputError: () => {},
      getOutHelpWidth: () => terminal.out.columns ?? 100,
      getErrHelpWidth: () => terminal.err.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const define = (name: string, description: string, build: (command: Command) => void): void => {
    const command = program.command(name).description(description).allowExcessArguments(false);
    if (name !== wanted) return;
    build(command);
    withLedger(command);
  };
  const done = (exitCode: number): void => {
    outcome.exitCode = exitCode;
  };

  define('record', 'record one usage, or with --stdin or --response many', (command) => {
    command
      .option('--provider <name>', 'who was called, as openai (required)')
      .option('--model <name>', 'which model, as gpt-5 (required)')
      .option('--operation <name>', 'what for, as chat (required)')
      .option('--input-tokens <n>', 'tokens sent, those from and to the cache included')
      .option('--output-tokens <n>', 'tokens received')
      .option('--cache-read-tokens <n>', 'of the input: read from the cache')
      .option('--cache-write-tokens <n>', 'of the input: written to the cache')
      .option('--cache-write-1h-tokens <n>', 'of those written: kept for an hour')
      .option('--reasoning-tokens <n>', 'of the output: for reasoning')
      .option('--cost-usd <amount>', 'what it cost; without it the tokens are priced, and unknown where no price is')
      .option('--timestamp <iso>', 'when, with an offset, as 2026-01-31T09:30:00Z (default: now)')
      .option('--id <id>', 'its identity; the same id again is not recorded twice')
      .option('--project <name>', 'the project it was for')
      .addOption(new Option('--tag <tag>', 'a tag; repeat for several').argParser(collect))
      .option('--note <text>', 'a note')
      .option('--episode <title>', 'the episode it was for')
      .option('--session <id>', 'the session it belongs to')
      .option('--branch <name>', 'the branch that was worked on')
      .option('--response <file>', "take the usage out of a provider's raw API response; - is stdin")
      .option('--stdin', 'read records from stdin: NDJSON, a JSON array or JSON objects one after the other')
      .addHelpText(
        'after',
        examples(
          'llm-spend record --provider openai --model gpt-5 --operation chat --input-tokens 1200 --output-tokens 350 --cost-usd 0.005',
          'llm-spend record --provider anthropic --model claude-sonnet-4-5 --operation review --tag client-a --json',
          'my-agent --log-usage | llm-spend record --stdin --json',
          'curl https://api.openai.com/v1/responses ... | llm-spend record --response - --project site',
        ),
      )
      .action(async (flags: RecordFlags) => {
        if (flags.stdin === true) {
          const { recordStream } = await import('./commands/recordStream.ts');
          done(await recordStream(flags, terminal, process.stdin));
        } else if (flags.response !== undefined) {
          const { recordResponse } = await import('./commands/recordResponse.ts');
          done(await recordResponse(flags, terminal, process.stdin));
        } else {
          const [{ record }, { openLedger }] = await Promise.all([
            import('./commands/record.ts'),
            import('../library/index.ts'),
          ]);
          done(await record(flags, terminal, openLedger));
        }
      });
  });

  define('costs', 'show what was spent, and on what', (command) => {
    withFilters(command)
      .option(
        '--by <grouping>',
        `group by ${[...BUCKETS, 'block', ...DIMENSIONS].join(', ')}; several with commas`,
        collect,
      )
      .option('-r, --recent <n>', 'the newest n records')
      .option('--currency <rate>', 'show another currency: EUR=0.92 (for one USD), or a JSON file of dated rates')
      .addHelpText(
        'after',
        examples(
          'llm-spend costs',
          'llm-spend costs --by day --days 7',
          'llm-spend costs --by month,model --since 2026-01 --json',
          'llm-spend costs --by block,model --days 2',
          'llm-spend costs --provider openai --project site --recent 20',
          'llm-spend costs --by month --currency EUR=0.92',
        ),
      )
      .action(async (flags: CostsFlags) => {
        const { costs } = await import('./commands/costs.ts');
        done(await costs(flags, terminal));
      });
  });

  define('export', 'write the records as CSV, JSON or NDJSON', (command) => {
    withFilters(command)
      .option('--format <format>', "csv, json or ndjson (default: by the file's ending, else csv)")
      .option('--output <file>', 'write to this file, whole or not at all; - is stdout')
      .option('--force', 'replace the file if it exists')
      .addHelpText(
        'after',
        examples(
          'llm-spend export --since 2026-01 --until 2026-01 --output january.csv',
          'llm-spend export --format ndjson --project site | jq .cost_usd',
        ),
      )
      .action(async (flags: ExportFlags) => {
        const { exportRecords } = await import('./commands/export.ts');
        done(await exportRecords(flags, terminal));
      });
  });

  define('watch', 'print the totals again after each change, until Ctrl+C', (command) => {
    withFilters(command)
      .option('--count <n>', 'end after n changes')
      .addHelpText('after', examples('llm-spend watch --days 1', 'llm-spend watch --json --count 1'))
      .action(async (flags: WatchFlags) => {
        const { watch } = await import('./commands/watch.ts');
        done(await watch(flags, terminal));
      });
  });

  define('remove', 'take records out, by their ids', (command) => {
    command
      .argument('<id...>', 'ids of records, as costs --recent 10 --json shows them')
      .addHelpText('after', examples('llm-spend remove 7c9e6679-7425-40de-944b-e07fc1f90ae7'))
      .action(async (ids: string[], flags: RemoveFlags) => {
        const { remove } = await import('./commands/remove.ts');
        done(await remove(ids, flags, terminal));
      });
  });

  define('undo', 'take the last remove, clear or reprice back', (command) => {
    command
      .option('--dry-run', 'say what would be undone, and change nothing')
      .addHelpText('after', examples('llm-spend undo --dry-run', 'llm-spend undo'))
      .action(async (flags: UndoFlags) => {
        const { undo } = await import('./commands/undo.ts');
        done(await undo(flags, terminal));
      });
  });

  define('clear', 'empty the ledger; what was in it is kept in a file beside it', (command) => {
    command
      .option('--yes', 'do not ask')
      .addHelpText('after', examples('llm-spend clear', 'llm-spend clear --yes --ledger test-costs.json'))
      .action(async (flags: ClearFlags) => {
        const { clear } = await import('./commands/clear.ts');
        done(await clear(flags, terminal));
      });
  });

  define('reprice', 'price the ledger again: what was unknown, and by prices that were wrong', (command) => {
    command
      .option('--dry-run', 'show what would change by model, and change nothing')
      .addOption(new Option('--model <name>', "only this model, or a pattern as 'claude-*'").argParser(collect))
      .addOption(
        new Option(
          '--include-recorded <name>',
          'also costs that the caller recorded, of this model, pattern or id; repeat for several',
        ).argParser(collect),
      )
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        examples('llm-spend reprice --dry-run', "llm-spend reprice --model 'claude-*' --yes", 'llm-spend undo'),
      )
      .action(async (flags: RepriceFlags) => {
        const { reprice } = await import('./commands/reprice.ts');
        done(await reprice(flags, terminal));
      });
  });

  define('prices', 'show and set what usage is priced by', (command) => {
    command
      .argument('[action]', 'list (default), show, set, remove or update')
      .argument('[name]', "a model, or for set and remove a pattern as 'claude-*'; for update a file or an address")
      .option('--provider <name>', 'the provider, or a pattern')
      .option('--input <usd>', 'USD per million tokens of input')
      .option('--output <usd>', 'USD per million tokens of output')
      .option('--cache-read <usd>', 'of input read from the cache (default: as input)')
      .option('--cache-write <usd>', 'of input written to the cache (default: as input)')
      .option('--cache-write-1h <usd>', 'of input written to the cache for an hour (default: as other writes)')
      .option('--reasoning <usd>', 'of reasoning (default: as output)')
      .option('--from <day>', 'the day from which the price holds, as 2026-01-31 (default: always)')
      .option('--note <text>', 'a note')
      .option('--at <time>', 'with show: the price at that time')
      .addHelpText(
        'after',
        examples(
          'llm-spend prices',
          'llm-spend prices show claude-sonnet-4-5 --provider anthropic',
          "llm-spend prices set 'llama-*' --provider ollama --input 0 --output 0 --note 'my own machine'",
          'llm-spend prices update',
        ),
      )
      .action(async (action: string | undefined, name: string | undefined, flags: PricesFlags) => {
        const { prices } = await import('./commands/prices.ts');
        done(await prices(action, name, flags, terminal));
      });
  });

  define('verify', 'check the ledger, and explain its state', (command) => {
    command
      .addHelpText('after', examples('llm-spend verify', 'llm-spend verify --json | jq .problems'))
      .action(async (flags: VerifyFlags) => {
        const { verify } = await import('./commands/verify.ts');
        done(await verify(flags, terminal));
      });
  });

  define('repair', 'mend what verify found', (command) => {
    command
      .option('--dry-run', 'say what would be done, and change nothing')
      .addHelpText('after', examples('llm-spend repair --dry-run', 'llm-spend repair'))
      .action(async (flags: RepairFlags) => {
        const { repair } = await import('./commands/repair.ts');
        done(await repair(flags, terminal));
      });
  });

  define('import', 'take over what agents and other programs left on the disk', (command) => {
    command
      .argument('<source...>', 'claude-code, codex, gemini-cli, opencode, copilot-cli, copilot-chat, all, or a file')
      .option('--since <when>', 'only what was used from then on')
      .option('--dry-run', 'say what would be imported, and store nothing')
      .addOption(
        new Option('--map <field=name>', 'of a file: which name holds a field; repeat for several').argParser(collect),
      )
      .addOption(new Option('--progress', 'write progress to stderr as NDJSON').hideHelp())
      .addHelpText(
        'after',
        examples(
          'llm-spend import all --dry-run',
          'llm-spend import claude-code codex',
          'llm-spend import claude-code=/backup/laptop/.claude/projects',
          'llm-spend import usage.csv --map input_tokens=prompt --map timestamp=when --ledger team.db',
        ) +
          '\n\nGoes to imported.db beside the ledger, and is counted with it. The same usage is never counted twice, however\n' +
          'often it is imported. Costs are estimates at list price.',
      )
      .action(async (sources: string[], flags: ImportFlags) => {
        const { importUsage } = await import('./commands/import.ts');
        done(await importUsage(sources, flags, terminal));
      });
  });

  define('statusline', "one line for Claude Code's statusLine setting: session, today, block", (command) => {
    command
      .option('--no-import', 'do not read the session that is named on stdin into the ledger')
      .addHelpText(
        'after',
        `${examples('llm-spend statusline < session.json')}

In ~/.claude/settings.json:  "statusLine": { "type": "command", "command": "llm-spend statusline" }`,
      )
      .action(async (flags: StatuslineFlags) => {
        const { statusline } = await import('./commands/statusline.ts');
        done(await statusline(flags, process.argv.slice(2), terminal));
      });
  });

  define('migrate', 'take all records of one ledger over into another', (command) => {
    command
      .argument('<from>', 'the ledger to read; it stays as it is')
      .argument('<to>', "the ledger to add to: .json, or for big histories .db or .sqlite; made if it isn't there")
      .addHelpText(
        'after',
        examples('llm-spend migrate costs.json costs.db', 'llm-spend migrate old.db costs.db --json'),
      )
      .action(async (from: string, to: string, flags: MigrateFlags) => {
        const { migrateLedger } = await import('./commands/migrate.ts');
        done(await migrateLedger(from, to, flags, terminal));
      });
  });

  define('path', "print the ledger's path", (command) => {
    command
      .addHelpText('after', examples('llm-spend path', 'jq length "$(llm-spend path)"'))
      .action(async (flags: PathFlags) => {
        const { path } = await import('./commands/path.ts');
        done(await path(flags, terminal));
      });
  });

  program.addHelpText(
    'after',
    `${examples('llm-spend record --provider openai --model gpt-5 --operation chat --cost-usd 0.005', 'llm-spend costs --by day')}

Exit codes: 0 done, 1 failed (or some records refused), 2 wrong usage, 3 ledger damaged (see llm-spend verify).
Help on a command: llm-spend <command> --help`,
  );
  return program;
}

/** Commander's complaint in our words. */
export function commanderFailure(error: CommanderError): CliError {
  const [first = ''] = error.message.replace(/^error: /, '').split('\n');
  const hint = /Did you mean [^)]*\?/.exec(error.message)?.[0];
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`;
  const flag = /'(?:-\w, )?(--[\w-]+)/.exec(first)?.[1];
  return usageError(`${sentence} ${hint ?? 'See: llm-spend --help'}`, flag);
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
