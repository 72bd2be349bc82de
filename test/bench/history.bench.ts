/**
 * The cost history on 100,000 and 1,000,000 records: `node test/bench/history.bench.ts`, after a build.
 *
 * The bundle that ships runs in Chromium and talks to the host's session over the table that ships; the ledger is in memory
 * already. A time ends at the start of the task after the frame in which the page shows what was waited for: the number of
 * records in its heading, the first row of the breakdown, the first record. Everything is over all records.
 */
import type { Page } from 'playwright-core';
import type { Choices } from '../../src/protocol/choices.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { launchBrowser } from '../editor/harness/browser.ts';
import { HistoryPage } from '../editor/history/historyPage.ts';
import { TableBackend } from '../fixtures/tableBackend.ts';
import { digits, Sample, section, table } from './lib/measure.ts';
import { NOW, sampleRecords } from './sampleRecords.ts';

const quick = process.argv.includes('--quick');
const SIZES = quick ? [100_000] : [100_000, 1_000_000];
const OPENINGS = quick ? 3 : 7;
const TURNS = quick ? 5 : 15;
const PROVIDERS = 6;
const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };

/** The expected text of the first element for each selector, as a regular expression. */
type Wanted = Record<string, string>;

const COUNT = '.records-section .count';
const FIRST_GROUP = 'spend-breakdown .value-name';
const FIRST_PROVIDER = '.record .cell-provider';
const FIRST_MODEL = '.record .cell-model';

/** The parts of the page's globals that {@link watchPaints} and its callers need: tests are compiled without the DOM. */
interface PageScope {
  document: { querySelector(selector: string): { textContent: string } | null };
  requestAnimationFrame(callback: () => void): void;
  painted(wanted: Wanted): Promise<number>;
  firstFrame: Promise<number>;
  firstFigures: Promise<number>;
  firstRecords: Promise<number>;
}

/**
 * Runs in the page. Checks before each paint; resolves with the time since the page's origin, ms, once that frame is out.
 * Rejects with the actual text, so that a bench whose view has changed does not wait forever.
 */
function watchPaints(): void {
  const scope = globalThis as unknown as PageScope;
  const patience = 30_000;
  scope.painted = (wanted) =>
    new Promise((resolve, reject) => {
      const end = performance.now() + patience;
      const look = (): void => {
        const missing = Object.entries(wanted).flatMap(([selector, pattern]) => {
          const text = scope.document.querySelector(selector)?.textContent;
          return text !== undefined && new RegExp(pattern).test(text) ? [] : [`${selector}: ${text}, not ${pattern}`];
        });
        if (missing.length === 0) setTimeout(() => resolve(performance.now()));
        else if (performance.now() > end) reject(new Error(missing.join('; ')));
        else scope.requestAnimationFrame(look);
      };
      scope.requestAnimationFrame(look);
    });
  scope.firstFrame = scope.painted({ 'spend-app': '' });
  scope.firstFigures = scope.painted({
    '.headline-cost': '\\d',
    'spend-chart svg': '',
    'spend-breakdown .value-name': '\\S',
  });
  scope.firstRecords = scope.painted({ '.record .cell-model': '\\S' });
}

/** Page and host use the same clock with different origins. */
const toHostClock = (origin: number, ms: number): number => origin + ms - performance.timeOrigin;

class Measured {
  readonly frame = new Sample();
  readonly figures = new Sample();
  readonly records = new Sample();
  readonly filter = new Sample();
  readonly regrouping = new Sample();
  readonly added = new Sample();
  heap = Number.NaN;
  heapAfter = Number.NaN;
}

async function measure(size: number): Promise<Measured> {
  const result = new Measured();
  const byProvider = new Map<string, number>();
  const backend = new TableBackend(counted(sampleRecords(size), byProvider), calendar);
  const browser = await launchBrowser();
  const choices: Partial<Choices> = { range: { kind: 'all' } };
  try {
    for (let i = -1; i < OPENINGS; i++) {
      const opened = await HistoryPage.open(browser, { backend, choices, script: watchPaints });
      const [frame, figures, records] = await opened.evaluate<[number, number, number]>(
        'Promise.all([firstFrame, firstFigures, firstRecords])',
      );
      await opened.close();
      if (i < 0) continue;
      result.frame.values.push(frame);
      result.figures.values.push(figures);
      result.records.values.push(records);
      // Invalidates the data of the previous opening by adding a record, which the next opening is the first to load.
      backend.record(fresh(`opening-${size}-${i}`));
    }

    const history = await HistoryPage.open(browser, { backend, choices, script: watchPaints });
    const { page, session } = history;
    await history.evaluate('firstRecords');
    result.heap = await heapOf(page);
    const origin = await history.evaluate<number>('performance.timeOrigin');
    /** ms from the host's change until the page shows it. */
    const time = async (change: () => void, wanted: Wanted): Promise<number> => {
      const painted = history.evaluate<number>(`painted(${JSON.stringify(wanted)})`);
      // The page answers in order, so it is already watching when this is answered.
      await history.evaluate('0');
      const start = performance.now();
      change();
      return toHostClock(origin, await painted) - start;
    };
    const count = (records: number): string => `^${records.toLocaleString('en-US')}$`;

    for (let turn = -1; turn < TURNS; turn++) {
      const keep = (sample: Sample, ms: number): void => void (turn >= 0 && sample.values.push(ms));
      const provider = `provider-${(turn + 1) % PROVIDERS}`;
      const filtered = { [COUNT]: count(byProvider.get(provider) ?? 0), [FIRST_PROVIDER]: `^\\s*${provider}\\s*$` };
      keep(result.filter, await time(() => session.show({ values: { provider: [provider] } }), filtered));
      await time(() => session.show({ values: {} }), {
        [COUNT]: count(backend.snapshot.ledgers[0]?.state.records ?? 0),
      });
      const grouping = turn % 2 === 0 ? 'source' : 'operation';
      const regrouped = { [FIRST_GROUP]: `^${grouping}-` };
      keep(
        result.regrouping,
        await time(() => session.show({ levels: [grouping, 'model'], stack: grouping }), regrouped),
      );
      const name = `fresh-${turn + 1}`;
      const added = {
        [COUNT]: count((backend.snapshot.ledgers[0]?.state.records ?? 0) + 1),
        [FIRST_MODEL]: `^\\s*${name}\\s*$`,
      };
      keep(result.added, await time(() => backend.record(fresh(name, turn + 2)), added));
    }
    result.heapAfter = await heapOf(page);
    if (history.complaints.length > 0) throw new Error(history.complaints.join('\n'));
    await history.close();
    return result;
  } finally {
    await browser.close();
  }
}

function* counted(records: Iterable<UsageRecord>, into: Map<string, number>): Generator<UsageRecord> {
  for (const record of records) {
    into.set(record.provider, (into.get(record.provider) ?? 0) + 1);
    yield record;
  }
}

/** A record newer than all others. */
function fresh(name: string, minutes = 1): UsageRecord {
  return {
    usage_id: name,
    provider: 'another',
    model: name,
    operation: 'chat',
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    cost_usd: 0.001,
    cost_known: true,
    billing_mode: 'known',
    timestamp: new Date(NOW + (60 + minutes) * 60_000).toISOString(),
  };
}

/** Bytes of JavaScript objects in the page, after a collection. */
async function heapOf(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

const rows: string[][] = [];
for (const size of SIZES) {
  console.error(`${size.toLocaleString('en-US')} records`);
  const { frame, figures, records, filter, regrouping, added, heap, heapAfter } = await measure(size);
  const times = [frame, figures, records, filter, regrouping, added].map(
    ({ p50, p95 }) => `${digits(p50)} / ${digits(p95)}`,
  );
  const heaps = [heap, heapAfter].map((bytes) => `${digits(bytes / 2 ** 20)} MB`);
  rows.push([size.toLocaleString('en-US'), ...times, ...heaps]);
}
section(
  'The cost history',
  `Milliseconds, p50 / p95, in Chromium beside the host in one process, without the editor around it; all records are in
range. Opening: from the start of the page's navigation; the script runs once it was loaded, before it has any
figures. The others: from what the host is told (as when the tree opens the panel filtered, or another process records)
until the changed figures and the first record are painted. Heap: the page's, after a garbage collection, when opened and
at the end.`,
  table(
    [
      'records',
      'script runs',
      'figures painted',
      'records painted',
      'a filter',
      'a regrouping',
      'a new record',
      'heap',
      'heap at the end',
    ],
    rows,
  ),
);
