import { expect, test } from 'vitest';
import { EMPTY_STATE } from '../../../src/protocol/emptyState.ts';
import { readJson } from './files.ts';

test('the tree says the same without usage as the cost history', () => {
  const [sentence, ...links] = (readJson('package.nls.json') as Record<string, string>)['welcome.empty']!.split('\n');
  expect(sentence).toBe(`${EMPTY_STATE.title}. ${EMPTY_STATE.text}`);
  expect(links.map((link) => /^\[([^\]]+)\]\(command:/.exec(link)?.[1])).toEqual(Object.values(EMPTY_STATE.actions));
});
