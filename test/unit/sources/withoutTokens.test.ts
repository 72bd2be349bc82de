import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceEnvironment } from '../../../src/sources/source.ts';
import { usedWithoutTokens, WITHOUT_TOKENS } from '../../../src/sources/withoutTokens.ts';

describe('tools without token counts', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'llm-spend-without-'))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const used = (platform: NodeJS.Platform = 'linux', env: SourceEnvironment['env'] = {}): string[] =>
    usedWithoutTokens({ platform, env, home }).map(({ title }) => title);

  it('are named where their folders are', () => {
    expect(used()).toEqual([]);
    mkdirSync(join(home, '.codeium', 'windsurf'), { recursive: true });
    expect(used()).toEqual(['Windsurf']);
    mkdirSync(join(home, '.local', 'share', 'amazon-q'), { recursive: true });
    mkdirSync(join(home, '.local', 'state', 'warp-terminal'), { recursive: true });
    mkdirSync(join(home, '.gemini', 'antigravity'), { recursive: true });
    mkdirSync(join(home, '.cursor', 'chats'), { recursive: true });
    expect(used()).toEqual(Object.values(WITHOUT_TOKENS).map(({ title }) => title));
  });

  it.each<[NodeJS.Platform, string, string]>([
    ['darwin', 'Library/Application Support/amazon-q', 'Amazon Q'],
    ['darwin', '.warp', 'Warp'],
    ['darwin', 'Library/Application Support/Windsurf', 'Windsurf'],
    ['win32', 'AppData/Local/warp', 'Warp'],
    ['win32', 'AppData/Roaming/Windsurf', 'Windsurf'],
  ])('are found on %s in %s', (platform, folder, title) => {
    mkdirSync(join(home, folder), { recursive: true });
    expect(used(platform)).toEqual([title]);
  });
});
