import { beforeAll, describe, expect, it } from 'vitest';
import { loadPricer, type Pricer } from '../../../src/pricing/price.ts';
import { priced } from './usd.ts';

/**
 * List prices as their vendors publish them, in USD per million tokens, against what a call is charged here. Each list names
 * the page that its figures were read from, in the copy that public archives hold of it, and the time that the copy is of;
 * figures that a page does not give are left out.
 */

type Price = readonly [
  provider: string,
  model: string,
  prices: {
    input?: number;
    output?: number;
    cacheRead?: number;
    cacheWrite5m?: number;
    cacheWrite1h?: number;
  },
];

interface Published {
  page: string;
  /** What the copy is dated, or what dates it. */
  copy: string;
  /** When the calls were made: a time at which the page holds. */
  at: string;
  prices: readonly Price[];
}

const VENDORS_PAGES: readonly Published[] = [
  {
    page: 'platform.claude.com/docs/en/about-claude/pricing',
    copy: 'undated; it lists Claude Opus 5, which came on 2026-07-24',
    at: '2026-09-15T12:00:00Z',
    prices: [
      ['anthropic', 'claude-opus-5', { input: 5, cacheWrite5m: 6.25, cacheWrite1h: 10, cacheRead: 0.5, output: 25 }],
      ['anthropic', 'claude-opus-4-8', { input: 5, cacheWrite5m: 6.25, cacheWrite1h: 10, cacheRead: 0.5, output: 25 }],
      ['anthropic', 'claude-opus-4-7', { input: 5, cacheWrite5m: 6.25, cacheWrite1h: 10, cacheRead: 0.5, output: 25 }],
      [
        'anthropic',
        'claude-opus-4-5-20251101',
        { input: 5, cacheWrite5m: 6.25, cacheWrite1h: 10, cacheRead: 0.5, output: 25 },
      ],
      [
        'anthropic',
        'claude-opus-4-1-20250805',
        { input: 15, cacheWrite5m: 18.75, cacheWrite1h: 30, cacheRead: 1.5, output: 75 },
      ],
    ],
  },
  {
    page: 'docs.anthropic.com/en/docs/about-claude/pricing',
    copy: 'undated; its newest model is Claude Opus 4.1, of 2025-08-05',
    at: '2025-09-15T12:00:00Z',
    prices: [
      [
        'anthropic',
        'claude-sonnet-4-20250514',
        { input: 3, cacheWrite5m: 3.75, cacheWrite1h: 6, cacheRead: 0.3, output: 15 },
      ],
      [
        'anthropic',
        'claude-3-5-haiku-20241022',
        { input: 0.8, cacheWrite5m: 1, cacheWrite1h: 1.6, cacheRead: 0.08, output: 4 },
      ],
      ['anthropic', 'claude-3-haiku-20240307', { input: 0.25, cacheWrite5m: 0.3, cacheRead: 0.03, output: 1.25 }],
      ['anthropic', 'claude-3-opus-20240229', { input: 15, cacheWrite5m: 18.75, cacheRead: 1.5, output: 75 }],
    ],
  },
  {
    page: 'platform.claude.com/docs/zh-CN/models/opus-5/overview',
    copy: 'undated; it has Claude Opus 5 as the latest',
    at: '2026-08-15T12:00:00Z',
    prices: [['anthropic', 'claude-haiku-4-5-20251001', { input: 1, output: 5 }]],
  },
  {
    page: 'developers.openai.com/api/docs/models/gpt-5-nano',
    copy: 'undated, of 2026',
    at: '2026-01-15T12:00:00Z',
    prices: [
      ['openai', 'gpt-5-nano', { input: 0.05, cacheRead: 0.005, output: 0.4 }],
      ['openai', 'gpt-5.4-mini', { input: 0.75 }],
      ['openai', 'gpt-5.4-nano', { input: 0.2 }],
    ],
  },
  {
    page: 'developers.openai.com/ko-KR/api/docs/models/gpt-5-mini',
    copy: 'undated, of 2026',
    at: '2026-01-15T12:00:00Z',
    prices: [['openai', 'gpt-5-mini', { input: 0.25, cacheRead: 0.025, output: 2 }]],
  },
  {
    page: 'docs.x.ai/docs/models, as archive.fo/dYUtw',
    copy: '2025-06-02',
    at: '2025-06-02T12:00:00Z',
    prices: [
      ['x-ai', 'grok-3', { input: 3, cacheRead: 0.75, output: 15 }],
      ['x-ai', 'grok-3-fast', { input: 5, cacheRead: 1.25, output: 25 }],
      ['x-ai', 'grok-3-mini', { input: 0.3, cacheRead: 0.075, output: 0.5 }],
      ['x-ai', 'grok-3-mini-fast', { input: 0.6, cacheRead: 0.15, output: 4 }],
      ['x-ai', 'grok-2-1212', { input: 2, output: 10 }],
    ],
  },
  {
    // It says other prices for the time from 2025-09-05 16:00 on, which genai-prices 0.1.8 does not have.
    page: 'api-docs.deepseek.com/quick_start/pricing',
    copy: 'undated, of 2025-08-21 to 2025-09-05',
    at: '2025-08-25T12:00:00Z',
    prices: [
      ['deepseek', 'deepseek-chat', { input: 0.27, cacheRead: 0.07, output: 1.1 }],
      ['deepseek', 'deepseek-reasoner', { input: 0.55, cacheRead: 0.14, output: 2.19 }],
    ],
  },
];

/** A vendor's page as somebody else quotes it, who says when it was read. */
const QUOTED: readonly Published[] = [
  {
    page: 'ai.google.dev/gemini-api/docs/pricing, in api-evangelist/gemini',
    copy: '2026-09-20',
    at: '2026-09-15T12:00:00Z',
    prices: [
      ['google', 'gemini-2.5-pro', { input: 1.25 }],
      ['google', 'gemini-2.5-flash', { input: 0.3 }],
      ['google', 'gemini-2.5-flash-lite', { output: 0.4 }],
      ['google', 'gemini-3.5-flash', { input: 1.5, output: 9 }],
      ['google', 'gemini-3.1-pro-preview', { input: 2, output: 12 }],
    ],
  },
  {
    page: 'developers.openai.com/api/docs/pricing, in api-evangelist/openai',
    copy: '2026-05-04',
    at: '2026-05-04T12:00:00Z',
    prices: [
      ['openai', 'gpt-5.5', { input: 5, cacheRead: 0.5, output: 30 }],
      ['openai', 'gpt-5.4', { input: 2.5, cacheRead: 0.25, output: 15 }],
      ['openai', 'gpt-5.4-mini', { input: 0.75, cacheRead: 0.075, output: 4.5 }],
      ['openai', 'gpt-5.4-nano', { input: 0.2, cacheRead: 0.02, output: 1.25 }],
    ],
  },
  {
    page: 'platform.openai.com/docs/pricing, in openai_responses 0.4.1 of hex.pm',
    copy: '2025-06-03',
    at: '2025-06-03T12:00:00Z',
    prices: [
      ['openai', 'gpt-4.1', { input: 2, cacheRead: 0.5, output: 8 }],
      ['openai', 'gpt-4.1-mini', { input: 0.4, cacheRead: 0.1, output: 1.6 }],
      ['openai', 'gpt-4o-2024-11-20', { input: 2.5, cacheRead: 1.25, output: 10 }],
    ],
  },
];

/** No copy of a vendor's page was found for these, nor anybody who quotes one by its date: they hold the data still. */
const NOT_FOUND: Published = {
  page: 'no page',
  copy: 'none',
  at: '2026-01-15T12:00:00Z',
  prices: [
    ['openai', 'gpt-5', { input: 1.25, cacheRead: 0.125, output: 10 }],
    ['openai', 'gpt-4o-mini', { input: 0.15, cacheRead: 0.075, output: 0.6 }],
    ['openai', 'o3', { input: 2, cacheRead: 0.5, output: 8 }],
    ['openai', 'o4-mini', { input: 1.1, cacheRead: 0.275, output: 4.4 }],
    ['anthropic', 'claude-haiku-4-5-20251001', { cacheRead: 0.1 }],
    ['google', 'gemini-2.5-pro', { output: 10 }],
    ['google', 'gemini-2.5-flash', { cacheRead: 0.03, output: 2.5 }],
    ['google', 'gemini-2.5-flash-lite', { input: 0.1 }],
    ['google', 'gemini-2.0-flash', { input: 0.1, cacheRead: 0.025, output: 0.4 }],
    ['x-ai', 'grok-4-0709', { input: 3, cacheRead: 0.75, output: 15 }],
    ['mistral', 'mistral-large-2411', { input: 2, output: 6 }],
    ['mistral', 'codestral-latest', { input: 0.3, output: 0.9 }],
    ['cohere', 'command-r-plus-08-2024', { input: 2.5, output: 10 }],
    ['groq', 'llama-3.3-70b-versatile', { input: 0.59, output: 0.79 }],
  ],
};

let pricer: Pricer;
beforeAll(async () => {
  pricer = loadPricer();
});

describe.each([...VENDORS_PAGES, ...QUOTED, NOT_FOUND])('$page ($copy)', ({ at, prices }) => {
  it.each(prices)('%s %s: %o', (provider, model, expected) => {
    // One kind beside plain input and output at a time: not every price list knows all.
    const parts = (counts: object): Record<string, { usd: string } | undefined> =>
      priced(pricer.price({ provider, model, timestamp: at, input_tokens: 20_000, output_tokens: 1000, ...counts }))
        .parts;
    const charged = {
      input: parts({}).input,
      output: parts({}).output,
      cacheRead: parts({ cache_read_tokens: 10_000 }).cacheRead,
      cacheWrite5m: parts({ cache_write_tokens: 10_000 }).cacheWrite5m,
      cacheWrite1h: parts({ cache_write_1h_tokens: 10_000 }).cacheWrite1h,
    };
    const usd = Object.entries(charged)
      .filter(([kind]) => kind in expected)
      .map(([kind, part]) => [kind, Number(part?.usd)]);
    expect(Object.fromEntries(usd)).toEqual(expected);
  });
});

it('are of at least 20 models of 5 vendors that were found published', () => {
  const found = [...VENDORS_PAGES, ...QUOTED].flatMap(({ prices }) => prices);
  expect(new Set(found.map(([provider]) => provider)).size).toBeGreaterThanOrEqual(5);
  expect(new Set(found.map(([, model]) => model)).size).toBeGreaterThanOrEqual(20);
});
