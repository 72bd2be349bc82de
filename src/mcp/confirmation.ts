import { createHmac, randomBytes } from 'node:crypto';
import type { ToolInput } from '../tools/index.ts';
import type { ToolSchema } from '../tools/tool.ts';
import { isMembersObject, type Requester } from './rpc.ts';

const FORM = { type: 'object', properties: { record: { type: 'boolean', title: 'Record it', default: true } } };

/**
 * Asks the user before a tool writes. A client that can ask (elicitation) shows the preview itself. With another client the first
 * call answers with the preview and a code, and only a second call with that code writes; clients ask before each call.
 */
export class Confirmation {
  /** Whether the client can ask the user. */
  canAsk = false;
  readonly #requester: Requester;
  readonly #secret = randomBytes(16);
  readonly #used = new Set<string>();

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** The schema of a tool that writes. */
  schema(input: ToolSchema): ToolSchema {
    if (this.canAsk) return input;
    const confirm = { type: 'string', description: 'the code of the preview, once the user agreed' } as const;
    return { ...input, properties: { ...input.properties, confirm } };
  }

  /** @returns undefined when the user agreed, else the answer to the model. */
  async refusal(preview: string, input: ToolInput, confirm: unknown): Promise<string | undefined> {
    if (this.canAsk) {
      const reply = await this.#requester('elicitation/create', { message: preview, requestedSchema: FORM });
      const isAgreed = isMembersObject(reply) && reply['action'] === 'accept' && !isRefused(reply['content']);
      return isAgreed ? undefined : 'The user did not agree. Nothing was recorded.';
    }
    const code = createHmac('sha256', this.#secret).update(JSON.stringify(input)).digest('hex').slice(0, 8);
    if (confirm === code && !this.#used.has(code)) {
      this.#used.add(code);
      return undefined;
    }
    this.#used.delete(code);
    return `${preview}\nNothing is recorded yet. Show this to the user; if they agree, call again with confirm: "${code}".`;
  }
}

function isRefused(content: unknown): boolean {
  return isMembersObject(content) && content['record'] === false;
}
