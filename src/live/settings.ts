import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
import { parseJson } from '../sources/fields.ts';
import { updateFile, writeFileAtomically } from '../system/atomicFile.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';
import type { Json } from './connect/agents.ts';

/** `live.json` in the config folder: the port of the user's receiver, and the token that senders must present. */
export interface LiveSettings {
  /** The connected agents by id. */
  connections: Record<string, AgentConnection>;
  port: number;
  /** Senders send `Authorization: Bearer <token>`, so that no other user of the machine can write to the ledger. */
  token: string;
}

/** An agent whose settings point to the receiver. */
export interface AgentConnection {
  /** The settings file that was changed. */
  file: string;
  endpoint: string;
  /** The values before the change; null: there was none. */
  previous: { path: string[]; value: Json }[];
}

/** Not 4318, because a collector may listen there. */
export const DEFAULT_PORT = 14_318;
const TOKEN_BYTES = 24;
const PRIVATE = 0o600;

const LIVE_SETTINGS = once(() =>
  z.object({
    port: z.int().check(z.minimum(1), z.maximum(65_535)),
    token: z.string().check(z.regex(/^[\w-]{16,}$/)),
    connections: z._default(
      z.record(
        z.string(),
        z.object({
          file: z.string(),
          endpoint: z.string(),
          previous: z.array(z.object({ path: z.array(z.string()), value: z.json() })),
        }),
      ),
      {},
    ),
  }),
);

export function liveSettingsPath(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'live.json');
}

/**
 * Reads the settings, creating them at the user's first call.
 * @throws {Error} when the file cannot be read or is invalid: the message gives a remedy.
 */
export async function liveSettings(path: string = liveSettingsPath()): Promise<LiveSettings> {
  const there = readLiveSettings(path);
  if (there !== undefined) return there;
  const settings: LiveSettings = {
    port: DEFAULT_PORT,
    connections: {},
    token: randomBytes(TOKEN_BYTES).toString('base64url'),
  };
  try {
    await writeFileAtomically(path, textOf(settings), { mode: PRIVATE, replace: false });
  } catch (error) {
    // Another process has created them at the same time.
    if (errno(error) !== 'EEXIST') throw error;
  }
  return readLiveSettings(path) ?? settings;
}

/** undefined: there are none yet. */
export function readLiveSettings(path: string = liveSettingsPath()): LiveSettings | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  return settingsIn(path, text);
}

/** @throws {Error} when the text is not valid. */
function settingsIn(path: string, text: string): LiveSettings {
  const parsed = LIVE_SETTINGS().safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${path} is damaged (${issueOf(parsed.error)}). Correct it, or delete it and connect your agents again.`,
  );
}

function issueOf(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
}

/** Changes the list of connected agents, excluding other processes that change it. */
export async function updateConnections(
  path: string,
  change: (connections: LiveSettings['connections']) => void,
): Promise<void> {
  await liveSettings(path);
  await updateFile(path, (content) => {
    const settings = settingsIn(path, content?.toString('utf8') ?? '');
    change(settings.connections);
    return textOf(settings);
  });
}

function textOf(settings: LiveSettings): string {
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
