import { jsonText } from '../../usage/jsonText.ts';
import type { Output } from './terminal.ts';

/** The shapes of `--json`, documented in docs/json.md. They only grow; what changes meaning gets a new version. */
export const JSON_VERSION = 1;

export function envelope(command: string, body: object): object {
  return { version: JSON_VERSION, command, ...body };
}

/** One value, one line; for a person at a terminal over several. */
export function writeJson(output: Output, value: object): Promise<void> {
  return output.line(jsonText(value, output.isTTY ? 2 : undefined));
}
