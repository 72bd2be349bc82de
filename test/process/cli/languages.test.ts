/** The command in other languages than English, as its users start it. What programs read is the same in all of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellWidth } from '../../../src/cli/output/cellWidth.ts';
import { LANGUAGES } from '../../../src/language/languageOf.ts';
import { Sandbox } from './harness.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.create();
  const call = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', '--cost-usd', '0.5'];
  await sandbox.run(['record', ...call]);
});

afterAll(() => sandbox.dispose());

const german = { LANG: 'de_DE.UTF-8' };
const japanese = { LANG: 'en_US.UTF-8', LC_ALL: 'ja_JP.UTF-8' };

test('a report is in the language of the user', async () => {
  expect((await sandbox.run(['costs'], { env: german })).stdout).toContain('Nach Modell');
  const { stdout } = await sandbox.run(['costs'], { env: japanese });
  expect(stdout).toContain('モデル別');
  // Columns line up: the heading of the last one ends where its figures end.
  const [heading = '', row = ''] = stdout
    .split('\n')
    .filter((line) => /コスト$|gpt-5/.test(line))
    .slice(-2);
  expect(cellWidth(heading)).toBe(cellWidth(row));
});

test('an error of the arguments, of the command and of a ledger', async () => {
  const said = async (args: string[]): Promise<string> => (await sandbox.run(args, { env: german })).stderr.trim();
  expect(await said(['costs', '--modle', 'x'])).toBe('llm-spend: Unbekannte Option „--modle“. Meinten Sie --model?');
  expect(await said(['costs', '--recent', 'x'])).toBe(
    'llm-spend: --recent: muss eine ganze Zahl ab 1 sein, z. B. 1200 (war "x").',
  );
  expect(await said(['verify', '--ledger', 'a.txt'])).toContain('die Datei eines Kostenbuchs endet auf .json');
});

test.each([
  ['costs', '--json'],
  ['doctor', '--json'],
  ['costs', '--recent', 'x', '--json'],
  ['export', '--format', 'csv'],
])('%s %s is the same in every language', async (...args) => {
  const english = await sandbox.run(args);
  const other = await sandbox.run(args, { env: german });
  const withoutTimes = (text: string): string => text.replaceAll(/\d+(?:\.\d+)? (?:min|h|s)\b/g, '');
  expect(withoutTimes(other.stdout)).toBe(withoutTimes(english.stdout));
});

describe.each(LANGUAGES)('%s', (language) => {
  test('help fits into 80 columns', async () => {
    const env = { LLM_SPEND_LANG: language, COLUMNS: '80' };
    const { stdout } = await sandbox.run(['budget', '--help'], { env });
    const described = stdout.slice(0, stdout.indexOf('  $ llm-spend'));
    expect(described.split('\n').filter((line) => cellWidth(line) > 80)).toEqual([]);
    expect(described).not.toContain('Options:');
  });
});
