import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, Sandbox } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const record = (...args: string[]): ReturnType<Sandbox['on']> => sandbox.on(sandbox.ledger, ['record', ...args]);

describe('a call in one line', () => {
  it('has its provider and its price by the name of the model, and the fields of flags', async () => {
    const done = await record('gpt5', '12k', '800', 'note:two words', '--project', 'site', '--json');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const [stored] = await sandbox.stored();
    expect(stored).toMatchObject({
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      input_tokens: 12_000,
      output_tokens: 800,
      note: 'two words',
      project: 'site',
      billing_mode: 'estimated',
      cost_usd: 0.023,
      source: 'manual',
    });
    expect(json(done)).toMatchObject({ command: 'record', status: 'recorded', record: stored });
  });

  it('may be a single argument', async () => {
    expect((await record('0.05 claude-opus-4-5 review #a')).code).toBe(0);
    const [stored] = await sandbox.stored();
    expect(stored).toMatchObject({
      provider: 'anthropic',
      model: 'claude-opus-4-5',
      operation: 'review',
      tags: ['a'],
      cost_usd: 0.05,
    });
  });

  it.each([
    [['claude-opus', '1k'], /^llm-spend: Which model is it: claude-opus-\S+, .*\? Write its whole name as one word\. /],
    [['gpt-5', '5', '5'], /^llm-spend: Which model is it: gpt-5\.5, /],
    [['my-own', '1k'], /^llm-spend: The model is not known\. Add its provider: --provider NAME\. /],
    [['12k', '800'], /^llm-spend: No model is named in "12k 800"\. /],
    [['gpt-5', '1k', '--input-tokens', '7'], /^llm-spend: --input-tokens: the line has this value already\. /],
    [['gpt-5', '1k', '2', '0', '4k'], /^llm-spend: There are more numbers than input, output and cached tokens: 4k\. /],
    [['gpt-5', '1k', '--stdin'], /^llm-spend: record: a call in the arguments cannot be combined with --stdin/],
  ])('is refused if it can mean more than one call: %j', async (args, message) => {
    const done = await record(...args);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toMatch(message);
    expect(await sandbox.stored().catch(() => [])).toEqual([]);
  });

  it('is what the message for missing flags suggests', async () => {
    const done = await record('--model', 'gpt-5');
    expect(done.code).toBe(2);
    expect(done.stderr).toContain(
      '--provider, --operation: are required. Or write the call in one line: llm-spend record gpt-5',
    );
  });
});
