import { expect, test } from 'vitest';
import { remoteName } from '../../../src/system/remoteName.ts';

test.each([
  ['https://github.com/Owner/name.git', 'github.com/Owner/name'],
  ['https://user:secret@GitHub.com/owner/name', 'github.com/owner/name'],
  ['https://token@github.com:8443/owner/name/', 'github.com/owner/name'],
  ['git@github.com:owner/name.git', 'github.com/owner/name'],
  ['ssh://git@github.com:22/owner/name.git', 'github.com/owner/name'],
  ['github.com:owner/name', 'github.com/owner/name'],
  ['https://user:token@gitlab.com/a/b/c.git/', 'gitlab.com/a/b/c'],
  ['https://host/owner/name?token=secret#x', 'host/owner/name'],
  ['/srv/git/name.git', undefined],
  ['../name', undefined],
  ['file:///srv/name', undefined],
  [String.raw`C:\code\name`, undefined],
  ['C:/code/name', undefined],
  ['', undefined],
  ['https://', undefined],
])('%s', (url, name) => {
  expect(remoteName(url)).toBe(name);
});
