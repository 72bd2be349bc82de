import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { UsageError } from '../../../src/usage/record.ts';
import type { UsageInput } from '../../../src/usage/record.ts';

/** Compares the limits of all parts: every reader and the other store must return everything that a writer accepts. */

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-limits-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const usage = (id: string, more: object = {}): UsageInput => ({
  usage_id: id,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 0.5,
  timestamp: '2026-11-01T00:00:00Z',
  ...more,
});

const nestedText = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

async function idsIn(ledger: string): Promise<string[]> {
  const tracker = new CostTracker({ ledger });
  try {
    return (await tracker.read()).map(({ usage_id }) => usage_id).sort();
  } finally {
    await tracker.close();
  }
}

async function textsOf(tracker: CostTracker): Promise<string[]> {
  const texts: string[] = [];
  for await (const elements of tracker.stored()) texts.push(...elements.map(({ text }) => text));
  return texts;
}

const STORES = ['costs.json', 'costs.db'];
const DEPTHS = [3, 63, 64, 65, 500, 3_000, 100_000];

describe.each(STORES)('%s', (name) => {
  test.each(DEPTHS)(
    'a record whose own field nests %i levels is kept, or refused before it is acknowledged',
    async (depth) => {
      const ledger = join(folder, name);
      const deep = JSON.parse(nestedText(depth)) as unknown;
      const first = new CostTracker({ ledger });
      const accepted = await first.track(usage('deep', { extra: deep })).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(UsageError);
          return false;
        },
      );
      await first.close();
      expect(accepted).toBe(depth < 3_001);
      const second = new CostTracker({ ledger });
      await second.track(usage('next'));
      await second.close();
      expect(await idsIn(ledger)).toEqual(accepted ? ['deep', 'next'] : ['next']);
      const third = new CostTracker({ ledger });
      expect((await third.verify()).health).toBe('ok');
      const [text] = await textsOf(third);
      await third.close();
      if (accepted) expect(text).toContain(nestedText(depth));
    },
  );

  test.each(DEPTHS)(
    "another program's element of %i levels comes through, into the other store and back",
    async (depth) => {
      const ledger = join(folder, 'costs.json');
      const element = JSON.stringify(usage('foreign')).replace(/\}$/, `,"extra":${nestedText(depth)}}`);
      writeFileSync(ledger, `[${element}]`);
      const tracker = new CostTracker({ ledger });
      await tracker.track(usage('ours'));
      expect((await tracker.verify()).health).toBe('ok');
      const target = new CostTracker({ ledger: join(folder, name === 'costs.db' ? 'copy.db' : 'copy.json') });
      for await (const elements of tracker.stored()) await target.adopt(elements);
      await tracker.close();
      await target.close();
      expect(readFileSync(ledger, 'utf8')).toContain(element);
      expect(await idsIn(ledger)).toEqual(['foreign', 'ours']);
      const back = new CostTracker({ ledger: target.path });
      const texts = await textsOf(back);
      expect((await back.verify()).health).toBe('ok');
      await back.close();
      expect(texts).toContain(element);
    },
  );
});
