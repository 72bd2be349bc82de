import type { ImportReport } from '../../sources/import/options.ts';
import type { SkipReason } from '../../sources/source.ts';
import { plain } from '../../usage/text.ts';
import type { LedgerFlag } from '../arguments/ledgerPath.ts';
import { commandLine } from '../arguments/shell.ts';
import { envelope } from '../output/jsonOutput.ts';
import { styled, type Terminal } from '../output/terminal.ts';
import { counted, megabytes, whole } from './numbers.ts';
import { t, tMessage } from '../language/text.ts';

/** The outcome of an import. */
export interface ImportRun {
  ledger: string;
  /** One for each source that was reached. */
  reports: readonly ImportReport[];
  /** All requested sources, in order. */
  jobs: readonly { source: { id: string }; known: boolean }[];
  dryRun: boolean;
  interrupted: boolean;
  /** The time by which undo knows it; undefined if there is nothing to undo. */
  undoableAt: string | undefined;
  /** The ledger that the user named. */
  named: LedgerFlag;
}

/** Maximum number of skipped lines listed; `--json` lists more. */
const MOST_NAMED = 10;
/** Of more sources than this, the places without logs are not listed. */
const MOST_PLACES = 8;

const REASONS: Readonly<Record<SkipReason, string>> = {
  'not-json': t`not JSON`,
  'not-csv': t`not CSV`,
  'invalid-utf8': t`not valid UTF-8`,
  'too-long': t`too long`,
  'no-time': t`without a time`,
  'not-a-usage': t`no usage`,
  invalid: t`not a valid record`,
  unreadable: t`not readable`,
  'unknown-format': t`in an unknown format`,
  'unreadable-folder': t`folder not readable`,
  link: t`symbolic link, not followed`,
  'replaced-while-read': t`replaced while it was being read: run the import again`,
  'future-time': t`imported, but its time is in the future`,
};

export function importJson({ ledger, reports, jobs, dryRun, interrupted, undoableAt }: ImportRun): object {
  const total = (field: 'added' | 'updated' | 'unpriced'): number =>
    reports.reduce((sum, report) => sum + report[field], 0);
  return envelope('import', {
    dry_run: dryRun,
    interrupted,
    ledger,
    added: total('added'),
    updated: total('updated'),
    unpriced: total('unpriced'),
    undoable_at: undoableAt ?? null,
    prices: 'list',
    sources: reports.map(
      ({ source, places, files, unchanged, bytes, added, updated, unpriced, assumed, skipped, skips }) => ({
        source,
        found: files > 0,
        places,
        files,
        unchanged,
        bytes,
        added,
        updated,
        unpriced,
        assumed,
        skipped,
        skips,
      }),
    ),
    not_reached: jobs.slice(reports.length).map(({ source }) => source.id),
  });
}

export function importText(run: ImportRun, { out }: Terminal): string {
  const { ledger, reports, jobs, dryRun } = run;
  const lines: string[] = [];
  const isLong = reports.length > MOST_PLACES;
  const missing: string[] = [];
  for (const [i, report] of reports.entries()) {
    const { title, places, files, unchanged, added, updated, unpriced, assumed, bytes } = report;
    const heading = styled(out, 'bold', title);
    if (files === 0 && isLong && Object.keys(report.skipped).length === 0) {
      missing.push(title);
      continue;
    }
    if (files === 0) {
      const looked = places.map((place) => plain(place.path)).join(', ');
      lines.push(`${heading}: ${jobs[i]?.known === true ? t`nothing found in ${looked}` : t`nothing found`}`);
      lines.push(...skipLines(report));
      continue;
    }
    const found = places.filter((place) => place.files > 0);
    lines.push(
      `${heading}: ${found.map((place) => t`${counted(place.files, 'file')} in ${plain(place.path)}`).join(', ')}`,
    );
    const changes = [
      dryRun ? t`${whole(added)} would be added` : t`${whole(added)} added`,
      ...(updated > 0 ? [dryRun ? t`${whole(updated)} would be updated` : t`${whole(updated)} updated`] : []),
      ...(unpriced > 0 ? [t`${whole(unpriced)} without a known price`] : []),
      ...(assumed > 0 ? [t`${whole(assumed)} at the price of a similar model`] : []),
    ];
    lines.push(`  ${changes.join(', ')} (${t`${counted(unchanged, 'file')} unchanged, ${megabytes(bytes)} read`})`);
    lines.push(...skipLines(report));
  }
  if (missing.length > 0) lines.push(t`Nothing found of: ${missing.join(', ')}`);
  const into = dryRun ? t`Nothing was stored. It would go to ${plain(ledger)}.` : t`Ledger: ${plain(ledger)}.`;
  const footer = styled(out, 'dim', `${into} ${t`Costs are estimates at list price.`}`);
  return [...lines, '', ...nextSteps(run), footer].join('\n');
}

/** Leads from an import that added usage to its costs, to the models without a price, and back. */
function nextSteps({ reports, dryRun, undoableAt, named }: ImportRun): string[] {
  const total = (field: 'added' | 'unpriced'): number => reports.reduce((sum, report) => sum + report[field], 0);
  if (dryRun || total('added') === 0) return [];
  return [
    t`See the costs: llm-spend costs`,
    ...(total('unpriced') > 0 ? [t`Set the missing prices: llm-spend unpriced`] : []),
    ...(undoableAt === undefined ? [] : [t`Undo this import: ${commandLine('undo', named)}`]),
  ];
}

function skipLines({ skipped, skips }: ImportReport): string[] {
  const entries = Object.entries(skipped) as [SkipReason, number][];
  if (entries.length === 0) return [];
  const counts = entries.map(([reason, count]) => `${whole(count)} ${REASONS[reason]}`).join(', ');
  const named = skips.slice(0, MOST_NAMED).map(({ file, line, reason, detail }) => {
    const place = line === undefined ? file : `${file}:${line}`;
    return `    ${plain(place)}: ${REASONS[reason]}${detail === undefined ? '' : ` (${plain(tMessage(detail), { max: 80 })})`}`;
  });
  const more = skips.length > MOST_NAMED ? ['    ...'] : [];
  return [`  ${t`skipped: ${counts}`}`, ...named, ...more];
}
