import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CloneReader } from '../../../src/git/cloneReader.ts';
import { folderName } from '../../../src/git/graph.ts';
import { receiptOf } from '../../../src/git/receipt.ts';
import { receiptMarkdown } from '../../../src/git/receiptText.ts';
import { GitError } from '../../../src/git/run.ts';
import { World } from './world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  vi.unstubAllEnvs();
  world.dispose();
});

const reader = (where: string, git?: string): CloneReader =>
  new CloneReader(world.path(where), { keptIn: world.path('kept'), git });
const problemOf = async (where: string, git?: string): Promise<string> =>
  reader(where, git)
    .read()
    .then(
      () => 'none',
      (error: unknown) => (error instanceof GitError ? `${error.problem}: ${error.message}` : String(error)),
    );

/** A program in the world's folder. */
function program(name: string, ...lines: string[]): string {
  const file = world.path(name);
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
  return file;
}

/** Names, sizes and times of all files of a repository. */
function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const { size, mtimeMs } = statSync(path.join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

describe.skipIf(process.platform === 'win32')('a repository that cannot be read', () => {
  test('no repository, no folder, no git', async () => {
    mkdirSync(world.path('plain'));
    vi.stubEnv('GIT_CEILING_DIRECTORIES', world.folder);
    expect(await problemOf('plain')).toBe(`no-repository: ${world.path('plain')} is not in a git repository.`);
    expect(await problemOf('missing')).toMatch(/^no-git: git cannot be run: git or .*missing does not exist\./);
    expect(await problemOf('plain', world.path('no-git'))).toMatch(/^no-git: .* Install git/);
  });

  test('a folder of another user is refused with the remedy, and the configuration is not changed', async () => {
    world.init('site');
    const git = program('git', 'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"');
    expect(await problemOf('site', git)).toBe(
      `unsafe: git does not read ${world.path('site')}, because another user owns it. ` +
        `If you trust it: git config --global --add safe.directory "${world.path('site')}"`,
    );
  });

  test('a repository without commits, a bare one and a shallow one', async () => {
    world.init('empty');
    const empty = await reader('empty').read();
    expect([empty.commits.size, empty.worktrees.map(({ branch }) => branch)]).toEqual([0, ['main']]);

    world.init('site');
    for (const subject of ['a', 'b', 'c']) world.commit('site', subject);
    world.git('.', 'clone', '-q', '--bare', 'site', 'site.git');
    const bare = await reader('site.git').read();
    expect([bare.commits.size, bare.isShallow]).toEqual([3, false]);
    // Not the folder that contains it, whose name is the project of other usage.
    expect(folderName(bare)).toBe('site');
    expect(bare.worktrees.map((worktree) => worktree.path)).toEqual([world.path('site.git')]);

    world.git('.', 'clone', '-q', '--depth', '1', `file://${world.path('site')}`, 'shallow');
    const shallow = reader('shallow');
    const part = await shallow.read();
    expect([part.commits.size, part.isShallow]).toEqual([1, true]);
    world.git('shallow', 'fetch', '-q', '--unshallow');
    const whole = await shallow.read();
    expect([whole.commits.size, whole.isShallow]).toEqual([3, false]);
  });

  test('a damaged file of kept history is read again', async () => {
    world.init('site');
    for (const subject of ['a', 'b']) world.commit('site', subject);
    const first = reader('site');
    await first.read();
    await first.settle();
    const [kept] = readdirSync(world.path('kept'));
    for (const text of ['', '{"version":1}', '{"version":99,"commonDir":"x"}\n{}\nend', 'end\n\0']) {
      writeFileSync(world.path('kept', kept!), text);
      expect((await reader('site').read()).commits.size).toBe(2);
    }
  });

  test('texts with control characters, and hostile names of branches', async () => {
    world.init('site');
    world.git('site', 'checkout', '-q', '-b', 'a/$(touch)`x`;x');
    world.use('site', 'x');
    world.change('site');
    world.git('site', 'add', '-A');
    world.git('site', 'commit', '-q', '-m', 'red \u001b[31m| <b>x</b> \u202e @all\r\ttail');
    const answers = world.answers();
    const receipt = await receiptOf(answers, {
      folder: world.path('site'),
      range: 'HEAD',
      now: world.now,
      keptIn: world.path('kept'),
    });
    const markdown = receiptMarkdown(receipt);
    expect(['\u001b', '\u202e', '\r'].filter((char) => markdown.includes(char))).toEqual([]);
    expect(markdown).not.toContain('<b>');
    expect(markdown).not.toContain('@all');
    expect(receipt.totals.records).toBe(1);
  });

  test.each(['--output=x', 'nowhere', 'HEAD..nowhere', '', 'HEAD HEAD~1', '-1'])('the range %j', async (range) => {
    world.init('site');
    world.commit('site', 'a');
    const options = { folder: world.path('site'), range, now: world.now, keptIn: world.path('kept') };
    await expect(receiptOf(world.answers(), options)).rejects.toMatchObject({ problem: 'no-commit' });
  });

  test('a range of commits that are not there, by name', async () => {
    world.init('site');
    world.commit('site', 'a');
    const options = { folder: world.path('site'), range: 'v1..HEAD', now: world.now, keptIn: world.path('kept') };
    const message = `There are no commits v1..HEAD in ${world.path('site')}. Check the names, or fetch them first.`;
    await expect(receiptOf(world.answers(), options)).rejects.toMatchObject({ message });
  });
});

describe.skipIf(process.platform === 'win32')('reading', () => {
  test('runs no program of the repository, takes no lock and changes no file', async () => {
    world.init('site');
    for (const subject of ['a', 'b', 'c']) world.commit('site', subject);
    world.git('site', 'reset', '-q', '--soft', 'HEAD~1');
    world.git('site', 'commit', '-q', '-m', 'other');
    const trap = program('trap', `touch ${world.path('trapped')}`, 'cat');
    for (const key of [
      'core.fsmonitor',
      'core.pager',
      'diff.external',
      'gpg.program',
      'diff.x.textconv',
      'pager.log',
    ]) {
      world.git('site', 'config', key, trap);
    }
    world.git('site', 'config', 'log.showSignature', 'true');
    writeFileSync(world.path('site', '.git', 'info', 'attributes'), '* diff=x\n');
    const before = contentsOf(world.path('site'));
    const receipt = await receiptOf(world.answers(), {
      folder: world.path('site'),
      range: 'HEAD~1..HEAD',
      now: world.now,
      keptIn: world.path('kept'),
    });
    expect(receipt.commits.map(({ commit }) => commit.subject)).toEqual(['other']);
    expect(contentsOf(world.path('site'))).toEqual(before);
    expect(readdirSync(world.folder)).not.toContain('trapped');
  });

  test('does not follow GIT_DIR of the environment', async () => {
    world.init('site');
    world.commit('site', 'a');
    world.init('other');
    world.commit('other', 'b');
    vi.stubEnv('GIT_DIR', world.path('other', '.git'));
    const { commits } = await reader('site').read();
    expect([...commits.values()].map(({ subject }) => subject)).toEqual(['a']);
  });

  test('returns the same history while nothing changes, and asks for new commits only', async () => {
    world.init('site');
    world.commit('site', 'a');
    const git = program('git', `echo "$@" >> ${world.path('calls')}`, 'exec git "$@"');
    const one = reader('site', git);
    const first = await one.read();
    expect(await one.read()).toBe(first);
    rmSync(world.path('calls'));
    expect(await one.read()).toBe(first);
    const calls = readFileSync(world.path('calls'), 'utf8');
    expect(calls).not.toContain(' log ');
    world.commit('site', 'b');
    const second = await one.read();
    expect([...second.commits.values()].map(({ subject }) => subject)).toEqual(['a', 'b']);
  });
});
