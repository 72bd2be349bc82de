import { jsonText } from '../../usage/jsonText.ts';
import type { Output } from './terminal.ts';

/** The formats of `--json`, documented in docs/json.md. They may gain fields; a change of meaning requires a new version. */
export const JSON_VERSION = 1;

export function envelope(command: string, body: object): object {
  return { version: JSON_VERSION, command, ...body };
}

/** Writes one value per line; on a terminal indented. */
export function writeJson(output: Output, value: object): Promise<void> {
  return output.raw(`${jsonText(value, output.isTTY ? 2 : undefined)}\n`);
}

/** Writes one value on one line, on a terminal, too. */
export function writeJsonLine(output: Output, value: object): Promise<void> {
  return output.raw(`${jsonText(value)}\n`);
}
