/**
 * Times of the in-memory table at 100,000 and 1,000,000 records: `node test/bench/table.bench.ts`.
 * Prints a Markdown table of milliseconds (the median of several runs where a run can be repeated).
 */
import { UsageTable } from '../../src/columns/table.ts';
import { DIMENSIONS } from '../../src/usage/dimensions.ts';
import { type AggregateQuery, type Calendar, type PageQuery } from '../../src/usage/query.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { NOW, sampleRecords } from './sampleRecords.ts';

const SIZES = process.argv.includes('--quick') ? [100_000] : [100_000, 1_000_000];
const calendar: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };

/** Milliseconds; runs once more before, so that the code is compiled. */
function median(run: () => void, runs = 5): number {
  if (runs > 1) run();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[runs >> 1] ?? Number.NaN;
}

async function slices(
  run: (yieldNow: () => Promise<void>) => Promise<unknown>,
): Promise<{ total: number; longest: number }> {
  const start = performance.now();
  let last = start;
  let longest = 0;
  const mark = (): void => {
    longest = Math.max(longest, performance.now() - last);
  };
  await run(async () => {
    mark();
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
  });
  mark();
  return { total: performance.now() - start, longest };
}

async function measure(count: number): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  const ms = (name: string, value: number): void => void rows.set(name, value.toFixed(value < 1 ? 3 : 1));

  const table = new UsageTable();
  const ledger = table.addLedger('bench');
  globalThis.gc?.();
  const before = process.memoryUsage();
  // Records are created and added one by one, so that no array of records counts towards the table's memory.
  let adding = 0;
  let i = 0;
  let longestAdd = 0;
  for (const record of sampleRecords(count)) {
    const start = performance.now();
    table.add(ledger, record, i++);
    const took = performance.now() - start;
    adding += took;
    longestAdd = Math.max(longestAdd, took);
  }
  globalThis.gc?.();
  const after = process.memoryUsage();
  ms('add all', adding);
  rows.set('add, microseconds a record', ((adding / count) * 1000).toFixed(2));
  ms('longest single add', longestAdd);
  if (globalThis.gc !== undefined) {
    const columns = (after.arrayBuffers - before.arrayBuffers) / count;
    rows.set('bytes a row, columns', columns.toFixed(0));
    rows.set('bytes a row, ids and index', ((after.heapUsed - before.heapUsed) / count).toFixed(0));
  }

  const query = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery => ({
    filter,
    groupBy,
    calendar,
  });
  // An end time that was never used before, so that no cached answer is found.
  let asked = 0;
  const fresh = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery =>
    query(groupBy, { until: 8e15 - asked++, ...filter });
  const some = { values: { provider: ['provider-1', 'provider-2'], project: [null, 'project-7'] } };
  ms(
    'total',
    median(() => table.aggregate(fresh([]))),
  );
  ms(
    'today',
    median(() => table.aggregate(fresh([], { since: NOW - 86_400_000 }))),
  );
  ms(
    'day x model',
    median(() => table.aggregate(fresh(['day', 'model']))),
  );
  ms(
    'hour x provider',
    median(() => table.aggregate(fresh(['hour', 'provider']))),
  );
  ms(
    'month x project x model',
    median(() => table.aggregate(fresh(['month', 'project', 'model']))),
  );
  for (const dimension of DIMENSIONS)
    ms(
      `by ${dimension}`,
      median(() => table.aggregate(fresh([dimension]))),
    );
  ms(
    'values filter, day x model',
    median(() => table.aggregate(fresh(['day', 'model'], some))),
  );
  ms(
    'search, day x model',
    median(() => table.aggregate(fresh(['day', 'model'], { search: 'MODEL-1 project-2' }))),
  );

  const page = (sort: PageQuery['sort'], offset: number, filter: PageQuery['filter'] = {}): PageQuery => ({
    filter,
    sort,
    descending: true,
    offset,
    limit: 100,
  });
  const touch = (): void => {
    table.add(ledger, { ...newest, usage_id: `touch-${touched++}` }, 0);
  };
  const [newest] = [...sampleRecords(1)] as [UsageRecord];
  let touched = 0;
  for (const sort of ['time', 'cost', 'model'] as const) {
    ms(
      `first page by ${sort}`,
      median(() => table.select(page(sort, 0)), 1),
    );
    ms(
      `next page by ${sort}`,
      median(() => table.select(page(sort, count / 2))),
    );
    ms(
      `page by ${sort} after one new record`,
      median(() => (touch(), table.select(page(sort, 0)))),
    );
  }
  ms(
    'page of a search by cost',
    median(() => table.select(page('cost', 0, { search: 'model-3' })), 1),
  );
  ms(
    'total after one new record',
    median(() => (touch(), table.aggregate(query([])))),
  );
  ms(
    'provider x model after one new record',
    median(() => (touch(), table.aggregate(query(['provider', 'model'])))),
  );
  ms(
    'day x model after one new record',
    median(() => (touch(), table.aggregate(query(['day', 'model'])))),
  );

  const aggregated = await slices((pause) => table.aggregateSliced(fresh(['day', 'model']), pause));
  const selected = await slices((pause) => table.selectSliced(page('tokens', 0), pause));
  rows.set('day x model in slices: all / longest', `${aggregated.total.toFixed(0)} / ${aggregated.longest.toFixed(1)}`);
  rows.set('page by tokens in slices: all / longest', `${selected.total.toFixed(0)} / ${selected.longest.toFixed(1)}`);
  return rows;
}

const results: Map<string, string>[] = [];
for (const size of SIZES) results.push(await measure(size));
console.log(`## Questions to the table in memory

Milliseconds.
`);
console.log(
  `| ms | ${SIZES.map((size) => size.toLocaleString('en-US')).join(' | ')} |\n|---|${'---:|'.repeat(SIZES.length)}`,
);
for (const name of results[0]?.keys() ?? []) {
  console.log(`| ${name} | ${results.map((result) => result.get(name) ?? '').join(' | ')} |`);
}
