import { describe, expect, it } from 'vitest';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { codex } from '../../../../src/sources/codex/index.ts';
import { geminiCli } from '../../../../src/sources/gemini-cli/index.ts';
import { genericSource } from '../../../../src/sources/generic/index.ts';
import { ledgerFile } from '../../../../src/sources/ledger-file/index.ts';
import { liteLlm } from '../../../../src/sources/litellm/index.ts';
import { otel } from '../../../../src/sources/otel/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { JSON_KINDS } from '../../../fixtures/jsonKinds.ts';
import { World } from '../world.ts';

/** Lines of logs: JSON as the engine judges it, and no line takes another along. Counts tell which line a record is of. */

const AT = '2026-11-20T10:00:00.000Z';

interface LineShape {
  source: Source;
  path: string;
  /** A line with `n` input tokens, and any JSON text as one of its members. */
  line: (n: number, text: string) => string;
}

const SHAPES: readonly LineShape[] = [
  {
    source: claudeCode,
    path: '.claude/projects/-a/s.jsonl',
    line: (n, text) =>
      `{"timestamp":"${AT}","requestId":"r${n}","version":"2.1.0","x":${text},"message":{"id":"m${n}","model":"x","usage":{"input_tokens":${n},"output_tokens":5}}}`,
  },
  {
    source: codex,
    path: '.codex/sessions/2026/rollout.jsonl',
    line: (n, text) =>
      `{"timestamp":"${AT}","x":${text},"type":"event_msg","payload":{"type":"token_count","info":{"last_token_usage":{"input_tokens":${n},"output_tokens":5,"total_tokens":${n + 5}}}}}`,
  },
  {
    source: geminiCli,
    path: '.gemini/tmp/site/chats/session.jsonl',
    line: (n, text) =>
      `{"id":"m${n}","x":${text},"type":"gemini","timestamp":"${AT}","model":"x","tokens":{"input":${n},"output":5}}`,
  },
  {
    source: otel,
    path: 'spans.jsonl',
    line: (n, text) =>
      `{"type":"span","name":"chat x","traceId":"t${n}","spanId":"s${n}","x":${text},"endTime":[1795428000,0],"attributes":{"gen_ai.operation.name":"chat","gen_ai.request.model":"x","gen_ai.usage.input_tokens":${n},"gen_ai.usage.output_tokens":5}}`,
  },
  {
    source: genericSource(),
    path: 'usage.ndjson',
    line: (n, text) =>
      `{"id":"u${n}","x":${text},"model":"x","timestamp":"${AT}","input_tokens":${n},"output_tokens":5}`,
  },
  {
    source: liteLlm,
    path: 'spend.ndjson',
    line: (n, text) =>
      `{"request_id":"r${n}","x":${text},"model":"x","startTime":"${AT}","prompt_tokens":${n},"completion_tokens":5}`,
  },
  {
    source: ledgerFile,
    path: 'costs.ndjson',
    line: (n, text) =>
      `{"usage_id":"u${n}","x":${text},"provider":"p","model":"x","operation":"o","input_tokens":${n},"output_tokens":5,"total_tokens":${n + 5},"cost_usd":0.5,"cost_known":true,"billing_mode":"known","timestamp":"${AT}"}`,
  },
];

describe.each(SHAPES.map((shape) => [shape.source.id, shape] as const))('%s', (_, { source, path, line }) => {
  it('takes every line that is JSON, and no other', async () => {
    const world = new World();
    try {
      const parts: Buffer[] = [];
      for (const [i, { bytes }] of JSON_KINDS.entries()) {
        // Bytes stay bytes: a text that is not UTF-8 must not be made one on the way.
        const [before, after] = line(1_000 + i, '@').split('@') as [string, string];
        parts.push(
          Buffer.from(before),
          bytes,
          Buffer.from(`${after}\n`),
          bytes,
          Buffer.from(`\n${line(5_000 + i, 'null')}\n`),
        );
      }
      const content = Buffer.concat(parts);
      const place = world.file(path, content);
      const report = await world.import(source, { places: [place], name: 'imported.db' });
      const found = (await world.records('imported.db')).map(({ input_tokens }) => input_tokens);
      expect(found.sort((a, b) => a - b)).toEqual(countsOf(content, source === ledgerFile));
      for (const { file } of report.skips) expect(file).toBe(place);
    } finally {
      await world.dispose();
    }
  });
});

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The oracle: of each line that is UTF-8 and that JSON.parse takes, the count that tells which it is.
 * @param keepsAll fields that we do not know are kept, which those that JSON.stringify does not follow cannot be.
 */
function countsOf(content: Buffer, keepsAll: boolean): number[] {
  const counts: number[] = [];
  // As latin1, each character is a byte.
  for (const line of content.toString('latin1').split('\n')) {
    try {
      const text = decoder.decode(Buffer.from(line, 'latin1'));
      const value = JSON.parse(text) as unknown;
      if (keepsAll) JSON.stringify(value);
      const count = /"(?:input_tokens|gen_ai\.usage\.input_tokens|prompt_tokens|input)":(\d{4})\b/.exec(text)?.[1];
      if (typeof value === 'object' && count !== undefined) counts.push(Number(count));
    } catch {
      continue;
    }
  }
  return counts.sort((a, b) => a - b);
}
