import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

/** A user's state folder for each test, and the folder in it for notes of additions. */
export function ownState(): { readonly folder: string; readonly notes: string } {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-state-'));
    for (const name of ['XDG_STATE_HOME', 'HOME', 'LOCALAPPDATA']) vi.stubEnv(name, folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    get notes() {
      return join(folder, 'llm-spend', 'undo');
    },
  };
}
