import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { payerOf, type CallFacts, type Payer } from '../../../src/sources/payer.ts';
import { loadPricer } from '../../../src/pricing/price.ts';
import { World, jsonLines } from './world.ts';

/** Who is billed: by endpoint, id and model, not by the tool. */

describe('the payer of a call', () => {
  it.each<[CallFacts, Payer | undefined]>([
    [{ model: 'claude-opus-4-5' }, { provider: 'anthropic' }],
    [{ model: 'claude-opus-4-5', messageId: 'msg_bdrk_01' }, { provider: 'bedrock' }],
    [{ model: 'claude-opus-4-5', messageId: 'msg_vrtx_01' }, { provider: 'vertex' }],
    [{ model: 'us.anthropic.claude-opus-4-5-20251101-v1:0' }, { provider: 'bedrock' }],
    [{ model: 'claude-opus-4-5@20251101' }, { provider: 'vertex' }],
    [{ model: 'anthropic/claude-opus-4.5' }, { provider: 'openrouter' }],
    [{ model: 'glm-5.3' }, { provider: 'zai' }],
    [{ model: 'kimi-k3' }, { provider: 'moonshotai' }],
    [{ model: 'deepseek-v4-pro' }, { provider: 'deepseek' }],
    [{ model: 'deepseek-r1:14b' }, { provider: 'ollama', charge: 'free' }],
    [{ model: 'qwen3.8-max' }, { provider: 'alibaba' }],
    [{ model: 'qwen3:8b' }, { provider: 'ollama', charge: 'free' }],
    [{ model: 'gpt-oss:120b-cloud' }, { provider: 'ollama' }],
    [{ model: 'gpt-5' }, { provider: 'openai' }],
    [{ model: 'some-model' }, undefined],
    [
      { model: 'x', provider: 'ollama' },
      { provider: 'ollama', charge: 'free' },
    ],
    [{ model: 'x', provider: 'vllm' }, { provider: 'vllm' }],
    [
      { model: 'x', provider: 'vllm', endpoint: 'http://localhost:8000/v1' },
      { provider: 'vllm', charge: 'free' },
    ],
    [
      { model: 'x', provider: 'custom', endpoint: 'http://127.0.0.1:11434/v1' },
      { provider: 'ollama', charge: 'free' },
    ],
    // A proxy on this machine: somebody is billed behind it.
    [{ model: 'x', provider: 'litellm', endpoint: 'http://localhost:4000' }, { provider: 'litellm' }],
    [{ model: 'x', endpoint: 'https://api.z.ai/api/anthropic' }, { provider: 'zai' }],
    [{ model: 'x', endpoint: 'https://api.moonshot.cn/anthropic' }, { provider: 'moonshotai' }],
    [{ model: 'x', endpoint: 'https://api.deepseek.com/anthropic' }, { provider: 'deepseek' }],
    [{ model: 'x', endpoint: 'https://openrouter.ai/api/v1' }, { provider: 'openrouter' }],
    [{ model: 'x', endpoint: 'https://me.openai.azure.com/openai' }, { provider: 'azure' }],
    [{ model: 'x', endpoint: 'https://bedrock-runtime.us-east-1.amazonaws.com' }, { provider: 'bedrock' }],
    [{ model: 'x', endpoint: 'https://us-east5-aiplatform.googleapis.com/v1' }, { provider: 'vertex' }],
    [{ model: 'x', endpoint: 'api.z.ai/proxy?to=https://openrouter.ai' }, { provider: 'zai' }],
    [{ model: 'x', endpoint: 'h2c://api.z.ai' }, { provider: 'zai' }],
    [{ model: 'x', endpoint: 'https://deepseek.com.evil.example' }, undefined],
    [{ model: 'gpt-5', endpoint: 'not a url at all' }, { provider: 'openai' }],
  ])('%j is %j', (facts, payer) => {
    expect(payerOf(facts)).toEqual(payer);
  });

  it.each([
    ['anthropic', ['anthropic', 'claude', 'claude-code', 'Claude Code']],
    ['openai', ['openai', 'openai-native', 'openai-codex', 'codex', 'chatgpt', 'openai-responses']],
    ['google', ['google', 'gemini', 'gcp.gemini', 'google-gemini', 'google-generative-ai', 'gemini-cli']],
    ['bedrock', ['bedrock', 'amazon-bedrock', 'aws.bedrock', 'aws_bedrock', 'aws', 'anthropic-bedrock']],
    ['vertex', ['vertex', 'vertex_ai', 'google-vertex', 'google-vertex-anthropic', 'gcp.vertex_ai', 'vertexai']],
    ['azure', ['azure', 'azure-openai', 'azure_openai', 'azure.ai.inference', 'azure-openai-responses']],
    ['x-ai', ['x-ai', 'xai', 'grok', 'x.ai']],
    ['moonshotai', ['moonshotai', 'moonshot', 'moonshotai-cn', 'kimi', 'kimi-for-coding']],
    ['zai', ['zai', 'z.ai', 'z-ai', 'zai-coding-plan']],
    ['zhipuai', ['zhipuai', 'zhipu', 'bigmodel', 'zhipuai-coding-plan']],
    ['alibaba', ['alibaba', 'qwen', 'qwen-code', 'dashscope', 'alibaba-cn']],
    ['mistral', ['mistral', 'mistralai', 'mistral_ai']],
    ['deepseek', ['deepseek', 'deepseek-ai', 'DeepSeek']],
    ['together', ['together', 'togetherai', 'together.ai']],
    ['fireworks', ['fireworks', 'fireworks-ai']],
    ['github-copilot', ['github-copilot', 'copilot', 'github_copilot']],
    ['lmstudio', ['lmstudio', 'lm-studio', 'LM Studio']],
    ['my-proxy', ['my-proxy']],
  ])('%s has one name, whatever a tool calls it', (provider, names) => {
    const found = names.map((name) => payerOf({ model: 'some-model', provider: name })?.provider);
    expect(found).toEqual(names.map(() => provider));
  });

  it('Google bills its own models, by Vertex or not, in logs as in spans', () => {
    expect(payerOf({ model: 'gemini-2.5-pro', provider: 'google-vertex' })).toEqual({ provider: 'google' });
    expect(payerOf({ model: 'claude-opus-4-5', provider: 'google-vertex' })).toEqual({ provider: 'vertex' });
  });

  it('has prices under its name', () => {
    const pricer = loadPricer();
    const tokens = { input_tokens: 1000, output_tokens: 100 };
    for (const [provider, model] of [
      ['bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
      ['bedrock', 'claude-sonnet-4-5-20250929'],
      ['bedrock', 'claude-opus-4-5'],
      ['vertex', 'claude-sonnet-4-5@20250929'],
      ['openrouter', 'anthropic/claude-sonnet-4.5'],
      ['moonshotai', 'kimi-k2.6'],
      ['deepseek', 'deepseek-v4-pro'],
    ] as const) {
      expect([
        provider,
        model,
        pricer.price({ provider, model, ...tokens, timestamp: '2026-11-20T11:00:00Z' }).kind,
      ]).toEqual([provider, model, 'priced']);
    }
  });
});

describe('tools that talk to others', () => {
  let world: World;
  beforeEach(() => (world = new World()));
  afterEach(() => world.dispose());
  const AT = '2026-11-20T10:00:00.000Z';

  it('Claude Code with Bedrock, z.ai and Anthropic', async () => {
    const line = (id: string, model: string): object => ({
      timestamp: AT,
      requestId: id,
      message: { id, model, usage: { input_tokens: 1, output_tokens: 1 } },
    });
    world.file(
      '.claude/projects/p/s.jsonl',
      jsonLines(line('msg_bdrk_1', 'claude-opus-4-5'), line('msg_1', 'glm-5.3'), line('msg_2', 'claude-opus-4-5')),
    );
    await world.import(claudeCode);
    const found = (await world.records()).map(({ message_id, provider, agent }) => [message_id, provider, agent]);
    expect(new Set(found)).toEqual(
      new Set([
        ['msg_1', 'zai', 'claude-code'],
        ['msg_2', 'anthropic', 'claude-code'],
        ['msg_bdrk_1', 'bedrock', 'claude-code'],
      ]),
    );
  });

  it('Codex with a plan, with Azure, and with a model on this machine', async () => {
    const session = (name: string, provider: string | undefined, limits: unknown): void => {
      world.file(
        `.codex/sessions/${name}.jsonl`,
        jsonLines(
          { timestamp: AT, type: 'session_meta', payload: { id: name, model_provider: provider } },
          { timestamp: AT, type: 'turn_context', payload: { model: `m-${name}` } },
          {
            timestamp: AT,
            type: 'event_msg',
            payload: {
              type: 'token_count',
              info: { last_token_usage: { input_tokens: 10, output_tokens: 1, total_tokens: 11 } },
              rate_limits: limits,
            },
          },
        ),
      );
    };
    world.file(
      '.codex/config.toml',
      '[model_providers.work]\nname = "Work"\nbase_url = "https://me.openai.azure.com/openai"\n',
    );
    session('plan', 'openai', { primary: { used_percent: 5 }, plan_type: 'plus' });
    session('key', 'openai', null);
    session('azure', 'work', null);
    session('local', 'oss', null);
    await world.import(codex);
    const found = (await world.records()).map(({ model, provider, charge }) => [model, provider, charge]);
    expect(new Set(found)).toEqual(
      new Set([
        ['m-azure', 'azure', undefined],
        ['m-key', 'openai', undefined],
        ['m-local', 'ollama', 'free'],
        ['m-plan', 'openai', 'plan'],
      ]),
    );
  });
});
