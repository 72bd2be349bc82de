import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as library from '../../../src/library/index.ts';
import { UserPrices } from '../../../src/prices/index.ts';
import { parseChoices } from '../../../src/protocol/choices.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';
import { HistoryPalette } from '../../../src/host/history/historyPalette.ts';
import type { Answers, Library } from '../../golden/answers.ts';
import { answersOf } from '../../golden/answers.ts';

/** Today's code reads the files of earlier versions (test/golden/README.md). */

const golden = join(import.meta.dirname, '../../golden');
const versions = readdirSync(golden, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? each.name : []));

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-golden-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the files of a case, with modification times an hour ago. */
function unpack(version: string, name: string): void {
  cpSync(join(golden, version, name, 'files'), folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, file);
    if (file.endsWith('.gz')) {
      writeFileSync(path.slice(0, -'.gz'.length), gunzipSync(readFileSync(path)));
      rmSync(path);
    } else utimesSync(path, Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
  }
}

const journals = (): string[] => readdirSync(folder).filter((file) => file.endsWith('.journal'));

function answers(version: string, name: string): unknown {
  return JSON.parse(readFileSync(join(golden, version, name, 'answers.json'), 'utf8'));
}

const ledgerCases = versions.flatMap((version) =>
  readdirSync(join(golden, version))
    .filter((name) => /^(json|sqlite)-/.test(name))
    .map((name) => [version, name] as const),
);

describe('ledgers of earlier versions', () => {
  it('are there', () => {
    expect(ledgerCases.length).toBeGreaterThanOrEqual(10);
  });

  it.each(ledgerCases)('%s %s: sums, records, verify and undo are the same', async (version, name) => {
    const { ledger, ...expected } = answers(version, name) as Answers & { ledger: string };
    unpack(version, name);
    expect(await answersOf(library as unknown as Library, join(folder, ledger))).toEqual(expected);
  });

  it.each(ledgerCases)('%s %s: a new record is added to the others', async (version, name) => {
    const { ledger, records } = answers(version, name) as Answers & { ledger: string };
    unpack(version, name);
    const path = join(folder, ledger);
    const tracker = new library.CostTracker({ ledger: path, pricing: false });
    await tracker.track({ provider: 'p', model: 'm', operation: 'o', usage_id: 'today', cost_usd: 0.5 });
    expect(await tracker.flush(120_000)).toBe(true);
    expect(await tracker.read()).toHaveLength(records.count + 1);
    await tracker.remove(['today']);
    await tracker.close();
    const again = new library.CostTracker({ ledger: path, pricing: false });
    const ids = (await again.read()).map(({ usage_id }) => usage_id);
    await again.close();
    expect(new Set(ids).size).toBe(records.count);
    expect(ids).toHaveLength(records.count);
    expect(journals()).toEqual([]);
  });
});

describe('journals of killed processes', () => {
  const owners = versions.flatMap((version) => [
    [version, 'this machine'] as const,
    [version, 'another container'] as const,
  ]);

  it.each(owners)('%s, %s: what stands in them gets into the file, once', async (version, owner) => {
    const { records } = answers(version, 'json-journals') as Answers;
    unpack(version, 'json-journals');
    if (owner === 'another container') {
      // The last part of the owner's name is the namespace of its process ids.
      for (const file of journals())
        renameSync(join(folder, file), join(folder, file.replace(/-\d+(-\w+\.journal)$/, '-1$1')));
    }
    expect(journals()).toHaveLength(3);
    const tracker = new library.CostTracker({ ledger: join(folder, 'costs.json'), pricing: false });
    expect((await tracker.refresh()).records).toBe(records.count);
    await tracker.track({ provider: 'p', model: 'm', operation: 'o' });
    expect(await tracker.flush(120_000)).toBe(true);
    await tracker.close();
    expect(journals()).toEqual([]);
    const elements = JSON.parse(readFileSync(join(folder, 'costs.json'), 'utf8')) as { usage_id: string }[];
    expect(new Set(elements.map(({ usage_id }) => usage_id)).size).toBe(records.count + 1);
    expect(elements).toHaveLength(records.count + 1);
  });
});

describe('prices of earlier versions', () => {
  it.each(versions)('%s: usages cost the same', async (version) => {
    const { usages, costs } = answers(version, 'prices') as { usages: object[]; costs: (number | null)[] };
    unpack(version, 'prices');
    const warnings: string[] = [];
    const prices = new UserPrices({ folder, warn: (message) => warnings.push(message) });
    const records = usages.map((usage) => parseInput(usage, { id: () => 'id', now: () => '2026-11-20T00:00:00Z' }));
    const found = await prices.costsOf(records);
    expect(found.map((fields) => fields?.cost_usd ?? null)).toEqual(costs);
    expect(warnings).toEqual([]);
  });
});

describe('what the editor of earlier versions keeps', () => {
  it.each(versions)('%s: choices are taken over', (version) => {
    const choices = JSON.parse(readFileSync(join(golden, version, 'editor/choices.json'), 'utf8')) as object;
    // Choices that were added later have their default.
    expect(parseChoices(choices)).toEqual({ ...choices, columns: [], compare: false, foldSnapshots: true });
  });

  it.each(versions)('%s: colours are taken over', (version) => {
    const palette = JSON.parse(readFileSync(join(golden, version, 'editor/palette.json'), 'utf8')) as unknown;
    const memory = { get: () => palette, update: () => Promise.resolve() };
    expect(new HistoryPalette(memory).slots('model', ['o3', 'gpt-5'])).toEqual([
      ['o3', 1],
      ['gpt-5', 0],
    ]);
  });
});

it('the folder of each version is whole', () => {
  for (const version of versions) {
    for (const name of readdirSync(join(golden, version))) {
      const kept = ['files', 'choices.json'].some((each) => existsSync(join(golden, version, name, each)));
      expect(kept, `${version}/${name}`).toBe(true);
    }
  }
});
