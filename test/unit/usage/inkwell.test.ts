import { describe, expect, it } from 'vitest';
import { INKWELL_OPERATIONS, INKWELL_PROVIDERS } from '../../../src/usage/inkwell.ts';
import { UsageError, type UsageRecord } from '../../../src/usage/record.ts';
import { strictProblem } from '../../../src/usage/inkwell.ts';

const record = (fields: Partial<UsageRecord> = {}): UsageRecord => ({
  usage_id: 'id-1',
  provider: 'claude',
  model: 'claude-sonnet-4-5',
  operation: 'extraction',
  input_tokens: 10,
  output_tokens: 5,
  total_tokens: 15,
  cost_usd: 0.5,
  cost_known: true,
  billing_mode: 'known',
  timestamp: '2026-01-31T09:30:00.123456Z',
  ...fields,
});

describe('strictProblem', () => {
  it('takes all that inkwell itself writes', () => {
    for (const provider of INKWELL_PROVIDERS) {
      for (const operation of INKWELL_OPERATIONS) {
        expect(strictProblem(record({ provider, operation, episode_title: 'E', template_name: null }))).toBeUndefined();
      }
    }
  });

  it.each(['Z', 'z', '+01:00', '-0530', '+0000'])('takes a time with the offset %s', (offset) => {
    expect(strictProblem(record({ timestamp: `2026-01-31T09:30:00${offset}` }))).toBeUndefined();
  });

  it.each(['2026-01-31T09:30:00Z?', '2026-01-31T09:30:00+1:00', '2026-01-31T09:30:00+01:0'])(
    'refuses %s',
    (timestamp) => {
      expect(strictProblem(record({ timestamp }))).toMatchObject({ field: 'timestamp' });
    },
  );

  it('takes fields of ours that say nothing or that we fill by ourselves', () => {
    const fields = { tags: [], project: null, note: null, source: 'cli', price_source: 'custom: x' };
    expect(strictProblem(record(fields))).toBeUndefined();
  });

  it.each([
    ['provider', { provider: 'openai' }, /reads only gemini, claude, youtube, codex and claude-code/],
    ['operation', { operation: 'chat' }, /reads only transcription, extraction, tag_generation and interview/],
    ['timestamp', { timestamp: '2026-01-31T09:30:00' }, /with an offset/],
    ['input_tokens', { input_tokens: 0.5 }, /whole numbers/],
    ['timestamp', { timestamp: '0000-01-31T09:30:00Z' }, /from year 1/],
    ['tags', { tags: ['a'] }, /drops this field/],
    ['project', { project: 'p' }, /drops this field/],
    ['cache_read_tokens', { cache_read_tokens: 3 }, /drops this field/],
    ['team', { team: 'blue' }, /drops this field/],
  ])('refuses %s that inkwell cannot keep, and says where to record instead', (field, fields, rule) => {
    const problem = strictProblem(record(fields));
    expect(problem).toBeInstanceOf(UsageError);
    expect(problem?.field).toBe(field);
    expect(problem?.message).toMatch(rule);
    expect(problem?.message).toMatch(/ledger of your own instead/);
  });

  it('takes text in any script', () => {
    expect(strictProblem(record({ episode_title: 'Ünï 🎧' }))).toBeUndefined();
  });
});
