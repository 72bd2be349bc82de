import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const repository = path.resolve(import.meta.dirname, '../../..');

/** Files that are or would be in the repository, relative to it, with `/`. Empty where there is no git. */
export function repositoryFiles(): string[] {
  try {
    const list = execFileSync(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
      {
        cwd: repository,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    return list.split('\0').filter((file) => file !== '');
  } catch {
    return [];
  }
}

export function readText(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}

export function readJson(file: string): unknown {
  return JSON.parse(readText(file));
}

/** The comments of a source, without their markers, each as one line of text. Adjacent line comments are one comment. */
export function commentsIn(source: string): string[] {
  const comments = source.match(/\/\*[\s\S]*?\*\/|(?:(?<=^|\s)\/\/.*(?:\n[ \t]*(?=\/\/))?)+/gm) ?? [];
  return comments.map((comment) =>
    comment
      .replaceAll(/^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)/gm, '')
      .replace(/\*\/$/, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
}
