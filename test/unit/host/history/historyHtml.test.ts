import { expect, test } from 'vitest';
import { historyHtml } from '../../../../src/host/history/historyHtml.ts';
import { DEFAULT_CHOICES } from '../../../../src/protocol/choices.ts';
import { FIRST_SNAPSHOT } from '../../../../src/protocol/messages.ts';
import type { HistorySnapshot } from '../../../../src/protocol/messages.ts';

const snapshot: HistorySnapshot = {
  type: 'snapshot',
  version: 1,
  loaded: true,
  place: 'panel',
  ledgers: [],
  calendar: { timeZone: 'UTC', firstDayOfWeek: 1 },
  locale: 'en',
  failure: `"><script>alert('1')</script>&#34;&amp;\n`,
  choices: DEFAULT_CHOICES,
  budgets: [],
};

test('the snapshot in the page is text, whatever stands in it', () => {
  const html = historyHtml({
    nonce: 'n',
    cspSource: 'https://here.test',
    script: 'main.js',
    style: 'main.css',
    icons: 'codicon.css',
    title: 'Cost History',
    snapshot,
    language: 'en',
  });
  expect(html.match(/<script/g)).toHaveLength(1);
  const [, content = ''] = new RegExp(`<meta name="${FIRST_SNAPSHOT}" content="([^"<>]*)">`).exec(html) ?? [];
  const text = content.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  expect(JSON.parse(text)).toEqual(snapshot);
});
