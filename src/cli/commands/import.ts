import type { CommandSpec } from '../command.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expandPath, importedLedgerPath, ownEnvironment, resolveLedgerPath } from '../../system/paths.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { AGENTS, agentOf } from '../../sources/agents.ts';
import { MAPPED_FIELDS, type MappedField, type Mapping } from '../../sources/generic/mapping.ts';
import { importSource } from '../../sources/import/import.ts';
import type { ImportReport } from '../../sources/import/options.ts';
import { addSamples, samplesPath } from '../../library/agentSamples.ts';
import { assignByUserRules } from '../../rules/ruleFile.ts';
import { sealImports } from '../../sources/import/seal.ts';
import type { Source } from '../../sources/source.ts';
import { usedWithoutTokens, WITHOUT_TOKENS } from '../../sources/withoutTokens.ts';
import { shown } from '../arguments/arguments.ts';
import { CliError, EXIT, SIGNAL_EXIT, usageError } from '../output/exit.ts';
import { ImportProgressBar } from '../output/importProgress.ts';
import { writeJson } from '../output/jsonOutput.ts';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgerPath.ts';
import { userPrices } from '../userPrices.ts';
import { importJson, importText } from '../report/imports.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

export interface ImportFlags extends LedgerFlag {
  since?: string;
  dryRun?: boolean;
  map?: string[];
  /** Progress as NDJSON on stderr, for the editor. */
  progress?: boolean;
  /** For an import that repeats by itself: undo must revert the last change that the user made. */
  follow?: boolean;
  json?: boolean;
}

/** A source and the places to search. */
interface Job {
  source: Source;
  places: string[];
  /** Whether these are the tool's default places, some of which may be missing. */
  known: boolean;
}

/** How many first letters a wrong name shares with the source that is suggested for it. */
const SHARED_START = 3;

/** A second thread reads a third faster but takes 30 MB of memory, which pays off from this many bytes. */
const SECOND_READER_BYTES = 256 * 1024 * 1024;

/** `llm-spend import`: imports the logs of agents and other programs into a ledger, each usage once. */
export async function importUsage(wanted: readonly string[], flags: ImportFlags, terminal: Terminal): Promise<number> {
  const jobs = await jobsOf(wanted, mappingOf(flags.map ?? []));
  const target = flags.ledger === undefined ? importedLedgerPath(resolveLedgerPath()) : ledgerPath(flags);
  const since = flags.since === undefined ? undefined : await sinceOf(flags.since, terminal);
  const interrupt = new Interrupt();
  let ledger: Ledger | undefined;
  const bar = new ImportProgressBar(terminal, flags.progress === true);
  const reports: ImportReport[] = [];
  let undoableAt: string | undefined;
  try {
    for (const { source, places } of jobs) {
      const report = await importSource(source, places, {
        path: target,
        ledger: async () => (ledger ??= await openedLedger(target, flags.follow !== true)),
        pricer: async () => (await userPrices()).pricer(),
        assign: assignByUserRules(),
        onQuota: (quota) => addSamples(samplesPath(target), { quota }, terminal.now()),
        now: terminal.now,
        since,
        dryRun: flags.dryRun,
        // A separate bundle beside that of this command.
        secondReader: { program: join(__dirname, 'reader.js'), from: SECOND_READER_BYTES },
        get signal() {
          return interrupt.signal;
        },
        onProgress: bar.isOn ? (progress) => bar.show(source.title, progress) : undefined,
      });
      reports.push(report);
    }
  } catch (error) {
    if (!interrupt.happened) throw error;
  } finally {
    interrupt.ignore();
    await bar.clear();
    undoableAt = await ledger?.noteImport();
    await ledger?.close();
  }
  if (ledger !== undefined && flags.dryRun !== true) {
    const sources = reports.map(({ source }) => source);
    await sealImports(target, sources, () => openedLedger(target));
  }
  const { happened: interrupted } = interrupt;
  const run = { ledger: target, reports, jobs, dryRun: flags.dryRun === true, interrupted, undoableAt, named: flags };
  if (flags.json === true) await writeJson(terminal.out, importJson(run));
  else {
    await terminal.out.line(importText(run, terminal));
    if (wanted.includes('all')) await tellLeftOut(terminal);
  }
  if (!interrupted) return EXIT.done;
  await say(terminal, t`Interrupted. Usage imported so far stays; run the same command again to continue.`);
  return SIGNAL_EXIT.SIGINT;
}

/** Names the tools that were used here and cannot be imported, because their usage is missing in the sums. */
async function tellLeftOut(terminal: Terminal): Promise<void> {
  for (const { title, instead } of usedWithoutTokens(ownEnvironment())) {
    await say(terminal, t`import: ${title} leaves no token counts on this machine. ${instead}`);
  }
}

/** Handles Ctrl+C from the moment its signal is requested; before that there is nothing to interrupt. */
class Interrupt {
  #controller: AbortController | undefined;
  readonly #stop = (): void => this.#controller?.abort();

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      process.once('SIGINT', this.#stop);
    }
    return this.#controller.signal;
  }

  get happened(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  ignore(): void {
    if (this.#controller !== undefined) process.off('SIGINT', this.#stop);
  }
}

/**
 * Modules that most imports do not need are loaded on demand: an import that finds nothing new, the usual case in an editor,
 * takes little more than starting Node.
 */
async function openedLedger(path: string, canUndo = false): Promise<Ledger> {
  const { openLedger } = await import('../../library/index.ts');
  return openLedger({ ledger: path, pricing: false, noteAdditions: canUndo ? 'together' : undefined });
}

async function sourceOf(file: string, mapping: Mapping): Promise<Source> {
  const { sourceOfFile } = await import('../../sources/reading/files.ts');
  try {
    return await sourceOfFile(file, mapping);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') {
      throw usageError(
        t`import: ${shown(file)} is a folder. Name the tool whose logs it holds, as in claude-code=FOLDER.`,
      );
    }
    throw new CliError(code === undefined ? 'not-text' : 'no-access', error.message);
  }
}

async function sinceOf(since: string, terminal: Terminal): Promise<number | undefined> {
  const { selection } = await import('../arguments/filters.ts');
  return selection({ since }, terminal.now()).filter.since;
}

/** @throws {CliError} for a name that is neither a source nor an existing file. */
async function jobsOf(wanted: readonly string[], mapping: Mapping): Promise<Job[]> {
  const environment = ownEnvironment();
  const jobs = new Map<string, Job>();
  const add = (source: Source, places: readonly string[], known: boolean): void => {
    const job = jobs.get(source.id);
    if (job === undefined) jobs.set(source.id, { source, places: [...new Set(places)], known });
    else job.places = [...new Set([...job.places, ...places])];
  };
  for (const name of wanted) {
    const sources = name === 'all' ? AGENTS : [agentOf(name)].filter((source) => source !== undefined);
    for (const source of sources) add(source, source.locate(environment), true);
    if (sources.length > 0) continue;
    const without = ownValue(WITHOUT_TOKENS, name);
    if (without !== undefined && !existsSync(name)) {
      throw usageError(t`import: ${without.title} leaves no token counts on this machine. ${without.instead}`);
    }
    // For example `claude-code=/copied/from/another/machine`: another folder for a known tool.
    const [id = '', folder] = name.split(/=(.*)/s);
    const agent = folder === undefined ? undefined : agentOf(id);
    const file = expandPath(agent === undefined ? name : folder!);
    if (!existsSync(file)) {
      throw usageError(
        t`import: ${shown(name)} is neither a source nor a file.${nearestSource(name)} Sources: llm-spend import --help`,
      );
    }
    add(agent ?? (await sourceOf(file, mapping)), [file], false);
  }
  return [...jobs.values()];
}

/** For example for `claude`, a suggestion of `claude-code`. */
function nearestSource(name: string): string {
  const start = name.toLowerCase().slice(0, SHARED_START);
  const source = AGENTS.find(({ id }) => start.length === SHARED_START && id.startsWith(start));
  return source === undefined ? '' : t` Did you mean ${source.id}?`;
}

function mappingOf(pairs: readonly string[]): Mapping {
  const mapping: Partial<Record<MappedField, string>> = {};
  for (const pair of pairs) {
    const [field, name] = pair.split(/=(.*)/s);
    const known = MAPPED_FIELDS.find((each) => each === field);
    if (known === undefined || name === undefined || name === '') {
      throw usageError(
        t`--map: must be FIELD=NAME with a field of ${MAPPED_FIELDS.join(', ')} (got ${shown(pair)}).`,
        '--map',
      );
    }
    mapping[known] = name;
  }
  return mapping;
}

export const command: CommandSpec<ImportFlags> = {
  summary: 'import the usage that coding agents and other programs logged',
  arguments: [{ name: '<source...>', help: t`${AGENTS.map(({ id }) => id).join(', ')}, all, or a file` }],
  options: [
    { flags: '--since <when>', help: 'only usage from this time on' },
    { flags: '--dry-run', help: 'show what would be imported, and store nothing' },
    {
      flags: '--map <field=name>',
      help: 'for a file: the name that it uses for a field (repeatable)',
      repeatable: true,
    },
    { flags: '--progress', help: 'write progress to stderr as NDJSON', hidden: true },
    { flags: '--follow', help: 'import as the editor does by itself: undo skips it', hidden: true },
  ],
  examples: [
    'llm-spend import all --dry-run',
    'llm-spend import claude-code codex',
    'llm-spend import claude-code=/backup/laptop/.claude/projects',
    'llm-spend import usage.csv --map input_tokens=prompt --map timestamp=when --ledger team.db',
  ],
  notes: t`Imported usage goes to imported.db beside the ledger and counts with it. The same usage is never counted twice,\nhowever often it is imported. Its costs are estimates at list prices.`,
  run: ({ flags, words: [sources], terminal }) => importUsage(sources as string[], flags, terminal),
};
