import { appendFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { geminiCli } from '../../../../src/sources/gemini-cli/index.ts';
import type { ImportReport } from '../../../../src/sources/import/options.ts';
import { writeClaudeTree } from '../../../fixtures/claudeTree.ts';
import { writeOddClaude } from '../../../fixtures/oddLogs.ts';
import { jsonLines, NOW, World } from '../world.ts';

const PROGRAM = fileURLToPath(new URL('../../../../src/sources/import/readerThread.ts', import.meta.url));
/** Half of what there is to read. */
const FROM = 9 * 1024 * 1024;
const THREAD = { program: PROGRAM, from: FROM };
const FILES = 10;
const TREE = { entries: 3_000, files: FILES, text: 6_000 };

let world: World;
beforeEach(() => {
  world = new World();
  // Enough for a thread to be worth it, and oddities of all kinds beside.
  writeClaudeTree(world.home, TREE);
  writeOddClaude(world.home, 1);
  const odd = join(world.home, '.claude/projects/-home-me-project-1/odd.jsonl');
  const [line = ''] = readFileSync(log(0), 'utf8')
    .split('\n')
    .filter((each) => each.includes('"usage"'));
  const future = line.replace(/msg_\w+/, 'msg_future').replaceAll('2026-01-05', '2027-01-05');
  const bad = Buffer.from([0x22, 0xff, 0x22, 0x0a]);
  writeFileSync(odd, `${future}\n{"message":{"usage":{}\n`);
  appendFileSync(odd, Buffer.concat([Buffer.from('{"usage":{},"x":'), bad]));
  symlinkSync(odd, join(world.home, '.claude/projects/link.jsonl'));
});
afterEach(() => world.dispose());

const log = (n: number): string =>
  join(
    world.home,
    `.claude/projects/-home-me-project-${n}/00000000-0000-4000-8000-${String(n).padStart(12, '0')}.jsonl`,
  );

/** Which file a skip is told of first depends on who reads faster. */
function figures({ skips, ...rest }: ImportReport): object {
  return { ...rest, skips: skips.map(({ reason, file, line }) => `${file}:${line} ${reason}`).sort() };
}

/** A program in the place of the thread's. */
const program = (text: string): typeof THREAD => ({ program: world.file('thread.mjs', text), from: FROM });

describe('a second reader', () => {
  test('comes to the same as one alone, and again to nothing new', async () => {
    const alone = await world.import(claudeCode, { name: 'alone.db' });
    const told = join(world.home, 'told');
    const both = await world.import(claudeCode, {
      name: 'both.db',
      secondReader: program(`
        import { appendFileSync } from 'node:fs';
        import { parentPort } from 'node:worker_threads';
        const post = parentPort.postMessage.bind(parentPort);
        parentPort.postMessage = (message) => {
          if (message.isLast) appendFileSync(${JSON.stringify(told)}, 'a file ');
          post(message);
        };
        await import(${JSON.stringify(PROGRAM)});`),
    });
    expect(readFileSync(told, 'utf8')).toContain('a file');
    expect(figures(both)).toEqual(figures(alone));
    expect(both.skipped['future-time']).toBeGreaterThan(0);
    expect(await world.records('both.db')).toEqual(await world.records('alone.db'));
    const again = await world.import(claudeCode, { name: 'both.db', secondReader: THREAD });
    expect(again).toMatchObject({ added: 0, updated: 0, unchanged: both.files });
  });

  test('keeps to the same bounds of time', async () => {
    const since = NOW - 320 * 86_400_000;
    const alone = await world.import(claudeCode, { name: 'alone.db', since });
    const both = await world.import(claudeCode, { name: 'both.db', since, secondReader: THREAD });
    expect(both.added).toBe(alone.added);
    expect(both.added).toBeGreaterThan(0);
    expect(await world.records('both.db')).toEqual(await world.records('alone.db'));
  });

  test.each([
    ['cannot start', 'throw new Error("no")'],
    [
      'ends when it is given a file',
      'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => process.exit())',
    ],
    [
      'dies with half of a file',
      `import { parentPort } from "node:worker_threads";
       parentPort.once("message", () => {
         const skips = [{ reason: 'not-json', file: 'x', line: 1 }];
         const part = { records: [], repeats: [], skips, seen: 7, bytes: 10, state: null };
         parentPort.postMessage({ part: JSON.stringify(part), isLast: false });
         setTimeout(() => { throw new Error("no memory") }, 5);
       });`,
    ],
  ])('that %s is done without', async (_, text) => {
    const alone = await world.import(claudeCode, { name: 'alone.db' });
    const both = await world.import(claudeCode, { name: 'both.db', secondReader: program(text) });
    expect(figures(both)).toEqual(figures(alone));
    expect(await world.records('both.db')).toEqual(await world.records('alone.db'));
  });

  test('that says nothing holds up no cancellation', async () => {
    const cancel = new AbortController();
    const stopped = world.import(claudeCode, {
      name: 'both.db',
      secondReader: program('import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {});'),
      signal: cancel.signal,
      // All but what the thread has taken.
      onProgress: ({ files, filesDone }) => filesDone === files - 1 && setTimeout(() => cancel.abort(), 50),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
  });

  test('has no part where the later of two tellings counts', async () => {
    const message = (output: number): object => ({
      id: 'm1',
      type: 'gemini',
      model: 'gemini-2.5-pro',
      timestamp: '2026-11-20T10:00:00.000Z',
      tokens: { input: 100, output, total: 100 + output },
    });
    const filler = 'x'.repeat(9_000_000);
    const chat = { sessionId: 's', filler, messages: [message(10)] };
    world.file('.gemini/tmp/p/chats/session-1.json', JSON.stringify(chat));
    world.file(
      '.gemini/tmp/p/chats/session-1.jsonl',
      jsonLines({ sessionId: 's', filler: filler.slice(1e6) }, message(500)),
    );
    await world.import(geminiCli, { name: 'both.db', secondReader: THREAD });
    expect((await world.records('both.db')).map(({ output_tokens }) => output_tokens)).toEqual([500]);
  });

  test('stops with the import, and the next one goes on', async () => {
    const alone = await world.import(claudeCode, { name: 'alone.db' });
    const cancel = new AbortController();
    const stopped = world.import(claudeCode, {
      name: 'both.db',
      secondReader: THREAD,
      signal: cancel.signal,
      onProgress: ({ filesDone }) => filesDone === 2 && cancel.abort(),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    const rest = await world.import(claudeCode, { name: 'both.db', secondReader: THREAD });
    expect(rest.added).toBeLessThanOrEqual(alone.added);
    expect(await world.records('both.db')).toEqual(await world.records('alone.db'));
  });
});
