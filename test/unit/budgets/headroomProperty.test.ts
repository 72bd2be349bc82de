import * as fc from 'fast-check';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { changeBudgets } from '../../../src/budgets/budgetFile.ts';
import { keptAnswer } from '../../../src/budgets/headroom.ts';
import { hook } from '../../../src/cli/commands/budget/hook.ts';
import { Output, type Terminal } from '../../../src/cli/output/terminal.ts';
import { defaultCountedLedgers } from '../../../src/library/countedLedgers.ts';
import { openLedger, type Ledger } from '../../../src/library/index.ts';
import { usdToNanos } from '../../../src/usage/money.ts';
import { costNanos } from '../../../src/usage/query.ts';
import { fastFolder } from '../../fixtures/fastFolder.mts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const LIMIT = 100;
const FIELDS = { provider: 'a', model: 'b', operation: 'c', timestamp: '2026-11-20T11:00:00Z' };

afterEach(() => vi.unstubAllEnvs());

/** A ledger with a budget, and everything that may happen to it. */
class World {
  readonly #folder = mkdtempSync(path.join(fastFolder(), 'llm-spend-headroom-'));
  readonly #ledger = path.join(this.#folder, 'llm-spend', 'costs.json');
  readonly #own: Ledger;
  #ids = 0;

  constructor() {
    for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'HOME']) vi.stubEnv(name, this.#folder);
    vi.stubEnv('LLM_SPEND_LEDGER', undefined);
    this.#own = openLedger({ ledger: this.#ledger, pricing: false });
  }

  async begin(): Promise<void> {
    await this.#spend(1);
    await this.#own.flush();
    await changeBudgets(() => [{ name: 'all', amount: String(LIMIT), period: 'month', levels: [80, 100] }]);
  }

  async end(): Promise<void> {
    await this.#own.close();
    rmSync(this.#folder, { recursive: true });
  }

  readonly events: Record<string, (cost: number) => unknown> = {
    record: (cost) => this.#spend(cost),
    commit: async (cost) => {
      await this.#spend(cost);
      await this.#own.flush();
    },
    // A process that acknowledged a record and died.
    die: (cost) => {
      const line = `{"seen":0,"record":${JSON.stringify(this.#record(cost))}}\n\0\0`;
      writeFileSync(this.#beside(`1-1-aa-1-${++this.#ids}0.journal`), line);
    },
    // Processes that died before they noted a commit, or while they did.
    loseNote: () => rmSync(this.#beside('growth'), { force: true }),
    tearNote: () => writeFileSync(this.#beside('growth'), '["1:2'),
    addByOther: (cost) => this.#rewrite((records) => [...records, this.#record(cost)]),
    editByOther: (cost) =>
      this.#rewrite((records) => records.map((each, i) => (i === 0 ? { ...each, cost_usd: cost } : each))),
    // Another digit, so that what is added begins where it would without the edit.
    growByOther: (cost) => {
      const text = readFileSync(this.#ledger, 'utf8');
      const edited = text.replace(/"cost_usd":\d/, (found) => `"cost_usd":${(Number(found.at(-1)) + 5) % 10}`);
      writeFileSync(this.#ledger, edited);
      this.#rewrite((records) => [...records, this.#record(cost)]);
    },
    replaceByOther: (cost) => this.#rewrite((records) => [...records.slice(1), this.#record(cost)]),
    edit: async (cost) => {
      const usageId = await this.#newest();
      if (usageId !== undefined) await this.#own.setCosts([{ usageId, fields: { cost_usd: cost } }]);
    },
    remove: async () => {
      const usageId = await this.#newest();
      if (usageId !== undefined) await this.#own.remove([usageId]);
    },
    undo: () => this.#own.undo(),
  };

  /** Nano-dollars of all records, by another ledger object that reads everything. */
  async spent(): Promise<bigint> {
    const ledger = openLedger({ ledger: this.#ledger, pricing: false });
    await ledger.refresh();
    const totals = await ledger.summary();
    await ledger.close();
    return costNanos(totals);
  }

  #spend(cost: number): Promise<unknown> {
    return this.#own.track({ ...FIELDS, cost_usd: cost });
  }

  #record(cost: number): object {
    return { ...FIELDS, usage_id: `other ${++this.#ids}`, cost_usd: cost };
  }

  #beside(name: string): string {
    return path.join(this.#folder, 'llm-spend', `.costs.json.${name}`);
  }

  async #newest(): Promise<string | undefined> {
    await this.#own.refresh();
    const { rows } = await this.#own.page({ filter: {}, sort: 'cost', descending: true, offset: 0, limit: 1 });
    return rows[0]?.record.usage_id;
  }

  #rewrite(change: (records: readonly object[]) => readonly object[]): void {
    const records = JSON.parse(readFileSync(this.#ledger, 'utf8')) as object[];
    const text = change(records).map((each) => JSON.stringify(each));
    writeFileSync(`${this.#ledger}.new`, `[\n  ${text.join(',\n  ')}\n]\n`);
    renameSync(`${this.#ledger}.new`, this.#ledger);
  }
}

const EVENTS = [
  'record',
  'commit',
  'die',
  'loseNote',
  'tearNote',
  'addByOther',
  'editByOther',
  'growByOther',
  'replaceByOther',
  'edit',
  'remove',
  'undo',
] as const;

const silent = new Output({ write: (_text, done) => done(), on: () => undefined }, {});
const terminal: Terminal = { out: silent, err: silent, env: {}, now: () => NOW, input: '' };

test('whatever happens to a JSON ledger, an answer that is kept is the answer of a full look', async () => {
  let kept = 0;
  const step = fc.record({
    name: fc.constantFrom('record', 'commit', 'growByOther', ...EVENTS),
    cost: fc.integer({ min: 1, max: 20_000_000_000 }).map((nanos) => nanos / 1e9),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 15 }), async (steps) => {
      const world = new World();
      try {
        await world.begin();
        await hook('codex', terminal);
        for (const { name, cost } of steps) {
          await world.events[name]!(cost);
          const answer = keptAnswer(NOW, defaultCountedLedgers);
          if (answer === undefined) {
            await hook('codex', terminal);
            continue;
          }
          kept++;
          const spent = await world.spent();
          expect(answer.isOver).toBe(spent >= usdToNanos(LIMIT));
          expect(answer.answer !== '').toBe(spent >= usdToNanos(0.8 * LIMIT));
        }
      } finally {
        await world.end();
      }
    }),
    // A record that was undone while it waited in its journal.
    {
      numRuns: 40,
      examples: [
        [
          [
            { name: 'record', cost: 150 },
            { name: 'undo', cost: 1 },
          ],
        ],
      ],
    },
  );
  expect(kept).toBeGreaterThan(40);
});
