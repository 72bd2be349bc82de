import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault, Rules } from './faultDisk.ts';
import type { Scenario } from './scenarios.ts';
import { SCENARIOS } from './scenarios.ts';
import { World } from './world.ts';

const AT_ONCE = 12;
const MAX_STEPS = 2_000;
/** Every step. Only `npm run test:mutation`, which repeats these tests for each change of the code, asks for one in so many. */
const STRIDE = Number(process.env['LLM_SPEND_FAULT_STRIDE'] ?? 1);

/**
 * Applies faults to each scenario at each step. There is no list of steps: the fault moves on by one until a run ends before
 * reaching it.
 * @param faults by name; each returns the fault for the nth step.
 */
export function strikeEverywhere(faults: Record<string, (at: number) => Fault>, rules: Rules = 'host'): void {
  let root: string;
  beforeAll(() => {
    // In memory if possible: tens of thousands of fsyncs are not what is tested.
    root = mkdtempSync(join(fastFolder(), 'llm-spend-faults-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
    it('works', async () => {
      const { wrong, steps, left } = await strike(root, scenario, { kind: 'none' }, Infinity, rules);
      expect(wrong).toEqual([]);
      expect(left).toEqual({ descriptors: [], files: [] });
      expect(steps).toBeGreaterThan(20);
    });

    it.each(Object.entries(faults))('survives %s at any step', async (_, faultAt) => {
      const found: string[] = [];
      let next = 1;
      let runs = 0;
      let over = false;
      const worker = async (): Promise<void> => {
        while (!over && next < MAX_STEPS) {
          const at = next;
          next += STRIDE;
          const { wrong, struck, trace } = await strike(root, scenario, faultAt(at), at, rules);
          if (!struck) {
            over = true;
            return;
          }
          runs++;
          if (wrong.length > 0) found.push(`step ${at} (${trace}): ${wrong.join('; ')}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      expect(found).toEqual([]);
      expect(runs, 'times that the fault struck').toBeGreaterThan(STRIDE === 1 ? 1 : 0);
    });
  });
}

/** What a process that has closed its ledger leaves open or behind. */
interface Left {
  descriptors: string[];
  files: string[];
}

async function strike(
  root: string,
  scenario: Scenario,
  fault: Fault,
  at: number,
  rules: Rules,
): Promise<{ wrong: string[]; struck: boolean; steps: number; trace: string; left: Left }> {
  const world = new World(root, fault, at, rules);
  try {
    scenario.prepare(world);
    await Promise.race([scenario.run(world).then(() => world.calmDown()), world.disk.died]);
    const { struck, trace } = world.disk;
    const last = trace.slice(-4).join(' ');
    const left = { descriptors: world.disk.descriptors, files: world.temporaryFiles() };
    const leaks = world.disk.isDead ? [] : left.descriptors.map((path) => `${path} is left open`);
    world.bury();
    return { wrong: [...leaks, ...(await world.check())], struck, steps: trace.length, trace: last, left };
  } finally {
    world.dispose();
  }
}
