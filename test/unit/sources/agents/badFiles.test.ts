import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentOf } from '../../../../src/sources/agents.ts';
import type { ImportReport } from '../../../../src/sources/import/options.ts';
import { findLogs } from '../../../../src/sources/reading/walk.ts';
import { LONG } from '../../../long.ts';
import { sessionsOf } from '../../../fixtures/agentTrees/calls.ts';
import { toldBy, TREES } from '../../../fixtures/agentTrees/index.ts';
import { World } from '../world.ts';

/** Each agent's log with one bad file: the others are imported, the bad one is named, and nothing is lost once it is whole again. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const CALLS = 30;
const named = TREES.map((tree) => [tree.id, tree] as const);

const GARBAGE = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7919 + 13) % 256));
/** Content of a file that is not the agent's, by kind of file. */
const FOREIGN: readonly (readonly [name: string, content: string | Buffer])[] = [
  ['bytes of another format', GARBAGE],
  ['a text', 'This is no log.\n'],
  ['null', 'null\n'],
  ['a number', '12\n'],
  ['an object', '{"a":{"b":[1,2]}}\n'],
  ['an array', '[[],{},null,"x",[{"usage":7}]]\n'],
  ['nothing', ''],
  ['a byte order mark', '\uFEFF'],
];

describe.each(named)('%s', (id, tree) => {
  const source = agentOf(id)!;
  const sessions = sessionsOf(tree, CALLS);
  const wanted = Object.values(toldBy(tree, sessions)).reduce((sum, [a, b, c, d]) => sum + a + b + c + d, 0);
  let bad: string;
  let files: number;

  beforeEach(async () => {
    tree.write(world.home, sessions);
    const found = await findLogs(source, world.places(source), {});
    files = found.files.length;
    bad = found.files.map(({ path }) => path).sort()[0]!;
    copyFileSync(bad, `${bad}.kept`);
  });

  const stored = async (): Promise<number> =>
    (await world.records()).reduce((sum, { total_tokens: tokens }) => sum + tokens, 0);

  /** What the bad file costs, and that all is there once it is whole again. */
  async function imported(): Promise<ImportReport> {
    const report = await world.import(source);
    const lost = wanted - (await stored());
    expect(lost).toBeGreaterThanOrEqual(0);
    // The other files are read.
    if (files > 1) expect(lost).toBeLessThan(wanted);
    return report;
  }

  async function isWholeAgain(): Promise<void> {
    rmSync(bad, { recursive: true });
    renameSync(`${bad}.kept`, bad);
    await world.import(source);
    expect(await stored()).toBe(wanted);
  }

  // The quick form: garbage, a text, a number and nothing.
  test.each(LONG ? FOREIGN : FOREIGN.filter((_, i) => i % 3 === 0 || i === 1))(
    '%s in place of a file',
    async (name, content) => {
      writeFileSync(bad, content);
      const { skipped, skips } = await imported();
      const isNamed = name === 'bytes of another format' || name === 'a text';
      if (isNamed) expect(Object.keys(skipped)).not.toEqual([]);
      for (const skip of skips) expect(skip.file).toBe(bad);
      await isWholeAgain();
    },
  );

  test('a file that is cut off', async () => {
    truncateSync(bad, Math.floor(readFileSync(bad).length / 2));
    await imported();
    await isWholeAgain();
  });

  test('a folder in place of a file', async () => {
    rmSync(bad);
    mkdirSync(bad);
    await imported();
    await isWholeAgain();
  });
});

describe.each(named.filter(([id]) => /opencode|kilo-cli|copilot-cli|goose|crush|hermes|zed|zcode/.test(id)))(
  'the database of %s',
  (id, tree) => {
    const source = agentOf(id)!;
    const sessions = sessionsOf(tree, CALLS);
    let file: string;
    beforeEach(async () => {
      tree.write(world.home, sessions);
      const { files } = await findLogs(source, world.places(source), {});
      file = files.find(({ path }) => /db|sqlite/.test(path))!.path;
    });

    test('without the table of its calls is named', async () => {
      rmSync(file);
      const other = new DatabaseSync(file);
      other.exec('CREATE TABLE something (a, b)');
      other.close();
      expect(await world.import(source)).toMatchObject({ added: 0, skipped: { 'unknown-format': 1 } });
    });
  },
);
