import { rmSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { codex } from '../../../src/sources/codex/index.ts';
import {
  callsIn,
  FOLDER,
  fork,
  MINUTE,
  parent,
  START,
  textOf,
  truthOf,
  type Session,
} from '../../fixtures/codexFamily.ts';
import { World } from './world.ts';

/** A week after the last use of a session Codex compresses its file, and removes the original. */

const LATER = { now: () => START + 100_000 * MINUTE };

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());
afterEach(() => vi.restoreAllMocks());

const pathOf = ({ id }: Session): string => `${FOLDER}/rollout-${id}.jsonl`;
const write = (session: Session): string => world.file(pathOf(session), textOf(session));

function compress(session: Session, change: (bytes: Buffer) => Buffer = (bytes) => bytes): string {
  rmSync(join(world.home, pathOf(session)), { force: true });
  return world.file(`${pathOf(session)}.zst`, change(zlib.zstdCompressSync(textOf(session))));
}

const counted = async (): Promise<string[]> => callsIn(await world.records());

describe('a compressed session', () => {
  test('counts as it did before, and once', async () => {
    const a = parent();
    compress(a);
    expect(await world.import(codex, LATER)).toMatchObject({ files: 1, added: a.own.length, skips: [] });
    const first = await world.records();
    expect(await counted()).toEqual(truthOf(a));
    expect(await world.import(codex, LATER)).toMatchObject({ added: 0, updated: 0, unchanged: 1 });
    // The same session, resumed: Codex has both files for a moment.
    write(a);
    expect(await world.import(codex, LATER)).toMatchObject({ added: 0, updated: 0 });
    expect(await world.records()).toEqual(first);
  });

  test('that was imported before it was compressed adds nothing', async () => {
    const a = parent();
    write(a);
    await world.import(codex, LATER);
    const first = await world.records();
    compress(a);
    expect(await world.import(codex, LATER)).toMatchObject({ added: 0, updated: 0, skips: [] });
    expect(await world.records()).toEqual(first);
  });

  test.each([
    ['its parent', [true, false]],
    ['the fork', [false, true]],
    ['both', [true, true]],
  ] as const)('of a family counts once when %s is compressed', async (_, [isParent, isFork]) => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    (isParent ? compress : write)(a);
    (isFork ? compress : write)(b);
    await world.import(codex, LATER);
    expect(await counted()).toEqual(truthOf(a, b));
  });

  test('of many chunks with long lines is read whole, and a line that is too long is named', async () => {
    const a = parent();
    const filler = (size: number): string =>
      `{"type":"x","payload":{"text":"${'y'.repeat(size)} \\"token_count\\""}}\n`;
    const text = `${textOf(a)}${filler(3_000_000)}${filler(9_000_000)}${filler(10).repeat(50_000)}`;
    const extra = textOf({ ...fork('b', a, [70]), id: 'b' });
    world.file(`${pathOf(a)}.zst`, zlib.zstdCompressSync(`${text}${extra.split('\n').at(-2)}`));
    const report = await world.import(codex, LATER);
    expect(report.skips).toMatchObject([{ reason: 'too-long', detail: expect.stringMatching(/^90000\d\d bytes$/) }]);
    expect((await counted()).length).toBe(a.own.length + 1);
  });

  test('that is damaged gives what can be read, is named, and is read again', async () => {
    const a = parent();
    const path = compress(a, (bytes) => bytes.subarray(0, bytes.length - 9));
    const b = { ...parent(), id: 'b' };
    world.file(`${FOLDER}/rollout-${b.id}.jsonl.zst`, 'no zstd at all');
    const report = await world.import(codex, LATER);
    expect(report.skips.map(({ reason, file }) => [reason, file])).toEqual([
      ['unreadable', join(world.home, `${FOLDER}/rollout-b.jsonl.zst`)],
      ['unreadable', path],
    ]);
    compress(a);
    await world.import(codex, LATER);
    expect(await counted()).toEqual(truthOf(a));
  });

  test('is named where Node cannot decompress it', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({});
    const path = compress(parent());
    const { skips } = await world.import(codex, LATER);
    expect(skips).toMatchObject([
      { reason: 'unreadable', file: path, detail: expect.stringContaining('Node.js 22.15 or newer can read it') },
    ]);
  });
});
