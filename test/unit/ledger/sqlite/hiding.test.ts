import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ColumnPass } from '../../../../src/columns/columnPass.ts';
import { VISIBLE } from '../../../../src/columns/segment.ts';
import { ColumnQueries, type Source } from '../../../../src/ledger/sqlite/columns/query.ts';
import { takeSnapshot } from '../../../../src/ledger/sqlite/columns/segments.ts';
import { Connection } from '../../../../src/ledger/sqlite/connection.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-hiding-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('asks again when records are hidden while a pass runs', async () => {
  const ledger = join(folder, 'costs.db');
  const tracker = new CostTracker({ ledger });
  for (const id of ['a', 'b', 'c']) {
    await tracker.track({ usage_id: id, provider: 'claude', model: 'm', operation: 'chat' });
  }
  await tracker.close();
  const connection = (await Connection.open(nodeDisk, ledger))!;
  const queries = new ColumnQueries('costs');
  const hidden = new Set([1]);
  let hides = 0;
  const countVisible: ColumnPass<number> = {
    filter: {},
    dimensions: [],
    start: () => {
      let count = 0;
      return {
        take: ({ state, used }) => {
          for (let at = 0; at < used; at++) if (state[at] === VISIBLE) count++;
          if (hides++ === 0) queries.hide(hidden);
        },
        result: () => count,
      };
    },
  };
  const current = async (): Promise<Source> => ({ connection, snapshot: takeSnapshot(connection, undefined) });
  expect(await queries.pass(countVisible, current)).toBe(2);
  expect(hides).toBe(2);
  await connection.close();
});
