import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClaudeLines } from '../../../src/sources/claude-code/lines.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { complete } from '../../../src/sources/import/costs.ts';
import { Intake } from '../../../src/sources/import/intake.ts';
import { planOf } from '../../../src/sources/import/plan.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { runs } from '../../long.ts';

/** The lines of one message, in any order and any division into imports, come to the same records. */

interface Line {
  request: string | undefined;
  output: number;
  sidechain: boolean;
  minute: number;
}

const line: fc.Arbitrary<Line> = fc.record({
  request: fc.constantFrom(undefined, undefined, 'r_a', 'r_b', 'r_c'),
  output: fc.integer({ min: 1, max: 6 }),
  sidechain: fc.constantFrom(false, false, false, true),
  minute: fc.integer({ min: 0, max: 2 }),
});

const FILE = { path: '/p/s.jsonl', relative: 'p/s.jsonl', modifiedAt: 0, size: 1, version: '1' };
async function imported(imports: readonly (readonly Line[])[]): Promise<UsageRecord[]> {
  const ledger = new Map<string, UsageRecord>();
  for (const lines of imports) {
    const intake = new Intake(claudeCode, { since: undefined, latest: 4e12 }, () => undefined);
    const parser = new ClaudeLines(FILE, undefined);
    for (const { request, output, sidechain, minute } of lines) {
      const text = JSON.stringify({
        timestamp: `2026-11-20T10:0${minute}:00.000Z`,
        requestId: request,
        isSidechain: sidechain,
        // A dollar for each token that is put out.
        costUSD: output,
        message: { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 1, output_tokens: output } },
      });
      parser.line(Buffer.from(text), { usage: (found) => intake.add(found, ''), skip: () => expect.fail() });
    }
    const records = intake.take();
    await complete(records, undefined, undefined);
    for (const record of planOf(claudeCode, records)((id) => ledger.get(id))) ledger.set(record.usage_id, record);
  }
  return [...ledger.values()].sort((a, b) => (a.usage_id < b.usage_id ? -1 : 1));
}

/** What counts, by the words of docs/sources.md: outputs by request. */
function truthOf(lines: readonly Line[]): [string, number][] {
  const outside = lines.filter(({ sidechain }) => !sidechain);
  const largest = (some: readonly Line[]): number => Math.max(...some.map(({ output }) => output));
  if (outside.length === 0) return [['side', largest(lines)]];
  const named = outside.filter(({ request }) => request !== undefined);
  if (named.length === 0) return [['', largest(outside)]];
  const requests = [...new Set(named.map(({ request }) => request!))].sort();
  const outputs = requests.map((request) => largest(named.filter((each) => each.request === request)));
  outputs[0] = largest(outside) > largest(named) ? largest(outside) : outputs[0]!;
  return requests.map((request, i) => [request, outputs[i]!]);
}

const requestIn = (record: UsageRecord): string =>
  record['sidechain'] === true ? 'side' : (record['request_id'] ?? '');

test('lines of one message come to the same in any order and any number of imports', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 7 }),
      fc.infiniteStream(fc.nat(1_000)),
      async (lines, choices) => {
        const choose = (below: number): number => (choices.next().value as number) % below;
        const left = [...lines];
        const imports: Line[][] = [[]];
        while (left.length > 0) {
          imports.at(-1)!.push(...left.splice(choose(left.length), 1));
          if (choose(2) === 0) imports.push([]);
        }
        const records = await imported(imports);
        const counted = records
          .map((record): [string, number] => [requestIn(record), record.output_tokens])
          .sort(([a], [b]) => (a < b ? -1 : 1));
        expect(counted).toEqual(truthOf(lines));
        expect(records).toEqual(await imported([lines]));
        for (const { cost_usd: cost, output_tokens: output } of records) expect(cost).toBe(output);
      },
    ),
    { numRuns: runs(400) },
  );
});
