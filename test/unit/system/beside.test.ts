import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSamples, samplesPath } from '../../../src/library/agentSamples.ts';
import { SpanStore } from '../../../src/live/spanStore.ts';
import { savedText, statePath } from '../../../src/sources/import/state.ts';
import { createBesideSync, readBesideSync } from '../../../src/system/beside.ts';

let folder: string;
let ledger: string;
let victim: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-beside-'));
  ledger = join(folder, 'costs.json');
  victim = join(folder, 'victim');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('a file beside the ledger that others planted', () => {
  it.each([
    ['a link', (path: string): void => symlinkSync(victim, path), 'is a link'],
    ['a pipe', (path: string): void => void execFileSync('mkfifo', [path]), 'is a pipe or a device'],
    ['a folder', (path: string): void => mkdirSync(path) as undefined, 'is a folder'],
  ])('is neither read nor waited for: %s', (_, plant, message) => {
    writeFileSync(victim, 'mine');
    const path = join(folder, 'planted');
    plant(path);
    expect(() => readBesideSync(path)).toThrow(`${path} ${message}.`);
    expect(() => createBesideSync(path)).toThrow(`${path} ${message}.`);
  });

  it('is not written when it is a second name of another file', () => {
    writeFileSync(victim, 'mine');
    const path = join(folder, 'planted');
    linkSync(victim, path);
    expect(() => createBesideSync(path)).toThrow('has a second name');
    expect(readBesideSync(path).toString()).toBe('mine');
  });

  it('is no state of an import', () => {
    writeFileSync(victim, 'state');
    symlinkSync(victim, statePath(ledger, 'codex'));
    expect(savedText(statePath(ledger, 'codex'))).toBe('');
    rmSync(statePath(ledger, 'codex'));
    writeFileSync(statePath(ledger, 'codex'), 'state');
    expect(savedText(statePath(ledger, 'codex'))).toBe('state');
  });

  it('has no samples of agents', () => {
    const quota = { agent: 'a', name: '5 h', lengthMs: 1, usedPercent: 5, resetsAt: 2, at: 1 };
    writeFileSync(victim, JSON.stringify({ version: 1, quota: [quota], sessions: [] }));
    symlinkSync(victim, samplesPath(ledger));
    expect(readSamples(samplesPath(ledger)).quota).toEqual([]);
    rmSync(samplesPath(ledger));
    writeFileSync(samplesPath(ledger), readFileSync(victim));
    expect(readSamples(samplesPath(ledger)).quota).toEqual([quota]);
  });

  it('gets no spans', () => {
    symlinkSync(victim, `${ledger}.spans`);
    expect(() => new SpanStore(ledger).begin()).toThrow(`${ledger}.spans is a link.`);
    expect(existsSync(victim)).toBe(false);
  });
});
