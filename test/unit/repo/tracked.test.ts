import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, repository, repositoryFiles } from './files.ts';

const files = repositoryFiles();
const BINARY = /\.(png|ttf|woff2|ico|gif|vsix)$/;
const MAX_BYTES = 500_000;

/** Lines of text files that match, as `file:line`. */
function linesWith(pattern: string | RegExp): string[] {
  return files
    .filter((file) => !BINARY.test(file) && lstatSync(path.join(repository, file), { throwIfNoEntry: false })?.isFile())
    .flatMap((file) =>
      readText(file)
        .split('\n')
        .flatMap((line, index) =>
          (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)) ? [`${file}:${index + 1}`] : [],
        ),
    );
}

describe.skipIf(files.length === 0)('files of the repository', () => {
  test('name no path of the machine they were written on', () => {
    expect(linesWith(`${repository}/`)).toEqual([]);
    const home = homedir();
    if (path.dirname(home) !== home) expect(linesWith(`${home}/`)).toEqual([]);
  });

  test('hold no merge conflict', () => {
    expect(linesWith(/^(<{7}|>{7})( |$)/)).toEqual([]);
  });

  test('run no single test alone', () => {
    const own = 'test/unit/repo/tracked.test.ts';
    expect(linesWith(/\b(describe|test|it)\.only\(/).filter((place) => !place.startsWith(own))).toEqual([]);
  });

  test('are small: what is large is built or downloaded', () => {
    const large = files.filter(
      (file) => (lstatSync(path.join(repository, file), { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES,
    );
    expect(large).toEqual([]);
  });
});
