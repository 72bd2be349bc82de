import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codex } from '../../../src/sources/codex/index.ts';
import {
  begin,
  callsIn,
  FOLDER,
  fork,
  forkAt,
  goOn,
  MINUTE,
  parent,
  START,
  textOf,
  totalOf,
  truthOf,
  type Line,
  type Session,
} from '../../fixtures/codexFamily.ts';
import { World } from './world.ts';

/**
 * Families of forked sessions whose files appear in any order, in parts, and some after the file of their parent is gone. The
 * truth is known before a file is written: each call counts once, in the session that made it.
 */

const LATER = { now: () => START + 100_000 * MINUTE };

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

function parentOf({ lines }: Session): string | undefined {
  return (lines[0]!.line['payload'] as { forked_from_id?: string }).forked_from_id;
}

function write(session: Session, part?: number): void {
  world.file(`${FOLDER}/rollout-${session.id}.jsonl`, textOf(session, part));
}

function remove(path: string): void {
  rmSync(join(world.home, path), { force: true });
}

const forget = (): void => remove('.imported.json.import-codex');
const lose = ({ id }: Session): void => remove(`${FOLDER}/rollout-${id}.jsonl`);

const counted = async (): Promise<string[]> => callsIn(await world.records());

describe('a slowly written replay', () => {
  test('is taken back when the file of its session appears', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    write(b);
    await world.import(codex, LATER);
    expect((await counted()).length).toBe(5);
    write(a);
    const report = await world.import(codex, LATER);
    expect(report).toMatchObject({ added: 3, updated: 3 });
    expect(await counted()).toEqual(truthOf(a, b));
    expect(await world.import(codex, LATER)).toMatchObject({ added: 0, updated: 0, bytes: 0 });
    forget();
    expect(await world.import(codex, LATER)).toMatchObject({ added: 0, updated: 0 });
    expect(await counted()).toEqual(truthOf(a, b));
  });

  test('is taken back when another fork shows what both repeat', async () => {
    const [a, b] = [parent(), fork('b', parent(), [70])];
    const c = fork('c', a, [90]);
    for (const each of [b, c]) {
      write(each);
      await world.import(codex, LATER);
    }
    expect(await counted()).toEqual(truthOf(b, c));
  });

  test('is known from the records of a session whose file is gone', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    write(a);
    await world.import(codex, LATER);
    lose(a);
    for (let i = 0; i < 2; i++) {
      write(b);
      await world.import(codex, LATER);
      expect(await counted()).toEqual(truthOf(a, b));
      forget();
    }
  });

  test('is known from the records of a session that was imported from another folder', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    const places = ['first', 'second'].map((name) => join(world.home, name));
    world.file('first/b.jsonl', textOf(b));
    world.file('second/a.jsonl', textOf(a));
    await world.import(codex, { ...LATER, places });
    expect(await counted()).toEqual(truthOf(a, b));
  });

  test('is known from turns that began before the fork', async () => {
    const turn = (at: number): Line => {
      const hex = at.toString(16).padStart(12, '0');
      const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
      return { at, line: { type: 'turn_context', payload: { model: 'gpt-5.5', turn_id: id } } };
    };
    const a = begin('a', START);
    for (const input of [1000, 2000]) {
      a.lines.push(turn(START + input));
      goOn(a, START + input + MINUTE, [input]);
    }
    const b = begin('b', forkAt, { of: a, lines: a.lines.length, gap: MINUTE });
    b.lines.push(turn(forkAt + 20 * MINUTE));
    goOn(b, forkAt + 21 * MINUTE, [70, 80]);
    write(b);
    await world.import(codex, LATER);
    expect(await counted()).toEqual(truthOf(b));
  });
});

describe('a call with the counts of the next one of the parent counts', () => {
  test('if the parent made it after the fork', async () => {
    const a = parent();
    const b = fork('b', a, [70]);
    goOn(a, forkAt + 10 * MINUTE, [70, 500]);
    const c = fork('c', parent(), [70], forkAt + MINUTE);
    for (const each of [a, b, c]) write(each);
    await world.import(codex, LATER);
    expect(await counted()).toEqual(truthOf(a, b, c));
  });
});

interface Step {
  /** The index of the session that is forked, modulo the number of sessions. */
  of: number;
  /** Which part of it is repeated, from 0 to 1. */
  part: number;
  gap: number;
  calls: number;
}

const step = fc.record({
  of: fc.nat(3),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  gap: fc.constantFrom(1, 700, 5_000, MINUTE),
  calls: fc.integer({ min: 1, max: 3 }),
});

/** A root and its forks; each call has other counts. */
function familyOf(steps: readonly Step[]): Session[] {
  let next = 1;
  const inputs = (count: number): number[] => Array.from({ length: count }, () => next++ * 10);
  const sessions = [goOn(begin('s0', START), START + MINUTE, inputs(3))];
  for (const [i, { of, part, gap, calls }] of steps.entries()) {
    const from = sessions[of % sessions.length]!;
    const at = START + (i + 1) * 1_000 * MINUTE;
    // A session is forked after its first call at the earliest.
    const first = from.lines.findIndex(({ line }) => totalOf(line) !== undefined) + 1;
    const lines = first + Math.floor(part * (from.lines.length - first));
    const session = begin(`s${i + 1}`, at, { of: from, lines, gap });
    sessions.push(goOn(session, at + 500 * MINUTE, inputs(calls)));
  }
  return sessions;
}

test('whatever the order of the files, each call counts once, in its session', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat(1_000)),
      async (steps, choices) => {
        const choose = (below: number): number => (choices.next().value as number) % below;
        await world.dispose();
        world = new World();
        const sessions = familyOf(steps);
        const left = [...sessions];
        const parents = new Set<string>();
        while (left.length > 0) {
          const [session] = left.splice(choose(left.length), 1);
          const { id, lines } = session!;
          // The file of a session that was forked has all that the fork repeats.
          if (choose(3) === 0 && !parents.has(id)) {
            write(session!, 1 + choose(lines.length));
            await world.import(codex, LATER);
          }
          parents.add(parentOf(session!) ?? '');
          write(session!);
          if (choose(3) === 0) forget();
          if (choose(2) === 0) await world.import(codex, LATER);
        }
        await world.import(codex, LATER);
        expect(await counted()).toEqual(truthOf(...sessions));
      },
    ),
    { numRuns: 40 },
  );
});
