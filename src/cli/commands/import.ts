import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importedLedgerPath, ownEnvironment, resolveLedgerPath } from '../../system/paths.ts';
import type { Ledger } from '../../ledger/results.ts';
import { AGENTS, agentOf } from '../../sources/agents.ts';
import { MAPPED_FIELDS, type MappedField, type Mapping } from '../../sources/generic/mapping.ts';
import { importSource, sealImports, type ImportProgress, type ImportReport } from '../../sources/import/import.ts';
import type { SkipReason, Source } from '../../sources/source.ts';
import { plain } from '../../usage/text.ts';
import { shown } from '../arguments/arguments.ts';
import { EXIT, SIGNAL_EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/jsonOutput.ts';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgerPath.ts';
import { userPrices } from '../ledger/prices.ts';
import { counted, whole } from '../report/numbers.ts';
import { say, styled, type Terminal } from '../output/terminal.ts';

export interface ImportFlags extends LedgerFlag {
  since?: string;
  dryRun?: boolean;
  map?: string[];
  /** Progress as NDJSON on stderr, for the editor. */
  progress?: boolean;
  json?: boolean;
}

/** A source with the places to look into. */
interface Job {
  source: Source;
  places: string[];
  /** The tool's own places, of which not all need to be there. */
  known: boolean;
}

const BAR_WIDTH = 24;
const PROGRESS_MS = 100;
/** What was skipped is named up to here; `--json` has more. */
const MOST_NAMED = 10;

const REASONS: Readonly<Record<SkipReason, string>> = {
  'not-json': 'not JSON',
  'invalid-utf8': 'not valid UTF-8',
  'too-long': 'too long',
  'no-time': 'without a time',
  'not-a-usage': 'no usage',
  unreadable: 'not readable',
  'unreadable-folder': 'folder not readable',
  link: 'symbolic link, not followed',
  'replaced-while-read': 'replaced while it was read: run the import again',
  'future-time': 'imported, but its time is in the future',
};

/** Bytes from which on a second thread, which reads a third faster, is worth its 30 MB. */
const MUCH = 256 * 1024 * 1024;

/** `llm-spend import`: what agents and other programs left on the disk, into a ledger, once each. */
export async function importUsage(wanted: readonly string[], flags: ImportFlags, terminal: Terminal): Promise<number> {
  const jobs = await jobsOf(wanted, mappingOf(flags.map ?? []));
  const target = flags.ledger === undefined ? importedLedgerPath(resolveLedgerPath()) : ledgerPath(flags);
  const since = flags.since === undefined ? undefined : await sinceOf(flags.since, terminal);
  const interrupt = new Interrupt();
  const young = new YoungGeneration();
  let ledger: Ledger | undefined;
  const bar = new ProgressBar(terminal, flags.progress === true);
  const reports: ImportReport[] = [];
  try {
    for (const { source, places } of jobs) {
      const report = await importSource(source, places, {
        path: target,
        ledger: async () => (ledger ??= await young.released(() => openedLedger(target))),
        pricer: async () => {
          const prices = await young.released(userPrices);
          young.hold(true);
          return prices.pricer();
        },
        now: terminal.now,
        since,
        dryRun: flags.dryRun,
        // A bundle beside that of this command.
        secondReader: { program: join(__dirname, 'reader.js'), from: MUCH },
        get signal() {
          return interrupt.signal;
        },
        onProgress:
          terminal.err.isTTY || flags.progress === true ? (progress) => bar.show(source.title, progress) : undefined,
      });
      reports.push(report);
    }
  } catch (error) {
    if (!interrupt.happened) throw error;
  } finally {
    interrupt.ignore();
    young.hold(false);
    await bar.clear();
    await ledger?.close();
  }
  if (ledger !== undefined && flags.dryRun !== true) {
    await sealImports(
      target,
      reports.map(({ source }) => source),
      () => openedLedger(target),
    );
  }
  const { happened: aborted } = interrupt;
  if (flags.json === true) await writeJson(terminal.out, reportJson(target, reports, jobs, flags, aborted));
  else await terminal.out.line(reportText(target, reports, jobs, flags, terminal));
  if (!aborted) return EXIT.done;
  await say(terminal, 'Interrupted. What was imported stays; the same command goes on from there.');
  return SIGNAL_EXIT.SIGINT;
}

/** Ctrl-C, from when somebody asks for its signal: before, there is nothing that it could cut short. */
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
 * Keeps V8 from doubling the space for new objects while logs are read: nearly all that reading makes is garbage at once,
 * and what survives is stored soon. It saves 6 to 9 MB of 95 to 98 at no measurable time. The flag is read each time that
 * the space would grow. V8's kept code (`code-cache.ts`) is for the flags it was made under, so that whatever loads or
 * keeps code must find them as they were.
 */
class YoungGeneration {
  #isHeld = false;

  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    // V8's own factor is 2.
    process.getBuiltinModule('node:v8').setFlagsFromString(`--semi-space-growth-factor=${isHeld ? 1 : 2}`);
  }

  /** For loading code in the middle of it. */
  async released<T>(work: () => Promise<T>): Promise<T> {
    const wasHeld = this.#isHeld;
    this.hold(false);
    try {
      return await work();
    } finally {
      this.hold(wasHeld);
    }
  }
}

/**
 * What most imports do without is loaded when it is asked for: one that finds nothing new, as those of an editor mostly
 * do, takes little more than starting Node.
 */
async function openedLedger(path: string): Promise<Ledger> {
  const { openLedger } = await import('../../library/index.ts');
  return openLedger({ ledger: path, pricing: false });
}

async function sourceOf(file: string, mapping: Mapping): Promise<Source> {
  const { sourceOfFile } = await import('../../sources/reading/files.ts');
  return sourceOfFile(file, mapping);
}

async function sinceOf(since: string, terminal: Terminal): Promise<number | undefined> {
  const { selection } = await import('../arguments/filters.ts');
  return selection({ since }, terminal.now()).filter.since;
}

/** @throws {CliError} for what is neither a source nor there. */
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
    // `claude-code=/copied/from/another/machine`: the folder of a known tool.
    const [id = '', folder] = name.split(/=(.*)/s);
    const agent = folder === undefined ? undefined : agentOf(id);
    const file = resolve(agent === undefined ? name : folder!);
    if (!existsSync(file)) {
      throw usageError(
        `import: ${shown(name)} is no source and no file. Sources: ${AGENTS.map((source) => source.id).join(', ')}, all.`,
      );
    }
    add(agent ?? (await sourceOf(file, mapping)), [file], false);
  }
  return [...jobs.values()];
}

function mappingOf(pairs: readonly string[]): Mapping {
  const mapping: Partial<Record<MappedField, string>> = {};
  for (const pair of pairs) {
    const [field, name] = pair.split(/=(.*)/s);
    const known = MAPPED_FIELDS.find((each) => each === field);
    if (known === undefined || name === undefined || name === '') {
      throw usageError(
        `--map: must be FIELD=NAME with a field of ${MAPPED_FIELDS.join(', ')} (got ${shown(pair)}).`,
        '--map',
      );
    }
    mapping[known] = name;
  }
  return mapping;
}

class ProgressBar {
  readonly #terminal: Terminal;
  readonly #asJson: boolean;
  #shownAt = 0;
  #shown = false;

  constructor(terminal: Terminal, asJson: boolean) {
    this.#terminal = terminal;
    this.#asJson = asJson;
  }

  show(title: string, { bytes, bytesDone, seen }: ImportProgress): void {
    const now = this.#terminal.now();
    if (now - this.#shownAt < PROGRESS_MS) return;
    this.#shownAt = now;
    if (this.#asJson) {
      void this.#terminal.err.line(JSON.stringify({ progress: { title, bytes, bytes_done: bytesDone, seen } }));
      return;
    }
    this.#shown = true;
    const part = bytes === 0 ? 1 : Math.min(1, bytesDone / bytes);
    const full = Math.round(part * BAR_WIDTH);
    const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}`;
    void this.#terminal.err.write(
      `\r${title} [${bar}] ${megabytes(bytesDone)} of ${megabytes(bytes)}, ${counted(seen, 'usage')}\u001B[K`,
    );
  }

  async clear(): Promise<void> {
    if (this.#shown) await this.#terminal.err.write('\r\u001B[K');
  }
}

function reportJson(
  ledger: string,
  reports: readonly ImportReport[],
  jobs: readonly Job[],
  flags: ImportFlags,
  interrupted: boolean,
): object {
  const total = (field: 'added' | 'updated' | 'unpriced'): number =>
    reports.reduce((sum, report) => sum + report[field], 0);
  return envelope('import', {
    dry_run: flags.dryRun === true,
    interrupted,
    ledger,
    added: total('added'),
    updated: total('updated'),
    unpriced: total('unpriced'),
    prices: 'list',
    sources: reports.map(({ source, places, files, unchanged, bytes, added, updated, unpriced, skipped, skips }) => ({
      source,
      found: files > 0,
      places,
      files,
      unchanged,
      bytes,
      added,
      updated,
      unpriced,
      skipped,
      skips,
    })),
    not_reached: jobs.slice(reports.length).map(({ source }) => source.id),
  });
}

function reportText(
  ledger: string,
  reports: readonly ImportReport[],
  jobs: readonly Job[],
  flags: ImportFlags,
  { out }: Terminal,
): string {
  const dry = flags.dryRun === true;
  const lines: string[] = [];
  for (const [i, report] of reports.entries()) {
    const { title, places, files, unchanged, added, updated, unpriced, bytes } = report;
    const heading = styled(out, 'bold', title);
    if (files === 0) {
      const looked = places.map((place) => plain(place.path)).join(', ');
      lines.push(`${heading}: nothing found${jobs[i]?.known === true ? ` in ${looked}` : ''}`);
      lines.push(...skipLines(report));
      continue;
    }
    const found = places.filter((place) => place.files > 0);
    lines.push(
      `${heading}: ${found.map((place) => `${counted(place.files, 'file')} in ${plain(place.path)}`).join(', ')}`,
    );
    const changes = [
      `${whole(added)} ${dry ? 'would be added' : 'added'}`,
      ...(updated > 0 ? [`${whole(updated)} ${dry ? 'would be updated' : 'updated'}`] : []),
      ...(unpriced > 0 ? [`${whole(unpriced)} without a known price`] : []),
    ];
    lines.push(`  ${changes.join(', ')} (${counted(unchanged, 'file')} unchanged, ${megabytes(bytes)} read)`);
    lines.push(...skipLines(report));
  }
  const into = dry ? 'Nothing was stored. It would go to' : 'Ledger:';
  return [...lines, '', styled(out, 'dim', `${into} ${plain(ledger)}. Costs are estimates at list price.`)].join('\n');
}

function skipLines({ skipped, skips }: ImportReport): string[] {
  const entries = Object.entries(skipped) as [SkipReason, number][];
  if (entries.length === 0) return [];
  const counts = entries.map(([reason, count]) => `${whole(count)} ${REASONS[reason]}`).join(', ');
  const named = skips.slice(0, MOST_NAMED).map(({ file, line, reason, detail }) => {
    const place = line === undefined ? file : `${file}:${line}`;
    return `    ${plain(place)}: ${REASONS[reason]}${detail === undefined ? '' : ` (${plain(detail, { max: 80 })})`}`;
  });
  const more = skips.length > MOST_NAMED ? ['    ...'] : [];
  return [`  skipped: ${counts}`, ...named, ...more];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
