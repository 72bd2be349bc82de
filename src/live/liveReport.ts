import type { RecordScan } from '../sources/scan.ts';
import { CONNECTABLE } from './connect/agents.ts';
import { readLiveSettings } from './settings.ts';

/** An agent that can report live. */
export interface LiveAgent {
  id: string;
  title: string;
  /** Whether its settings were changed to report to us. */
  connected: boolean;
  /** Time of its newest call that was received live, ISO 8601. */
  lastHeard: string | undefined;
  /** Calls that are also in its log, with the tokens by both. */
  joined: { calls: number; logTokens: number; liveTokens: number } | undefined;
}

/** The `source` of live reports that is not named after the agent. */
const SOURCES: Readonly<Partial<Record<string, string>>> = { qwen: 'qwen-otel', copilot: 'otel' };

/** The agents that are connected, or were heard. */
export function liveAgents({ live }: Pick<RecordScan, 'live'>): LiveAgent[] {
  let connections: Readonly<Record<string, unknown>> = {};
  try {
    connections = readLiveSettings()?.connections ?? {};
  } catch {
    // A damaged file is reported where it matters: by `connect` and `receive`.
  }
  return CONNECTABLE.flatMap(({ id, title }) => {
    const heard = live.get(SOURCES[id] ?? `${id}-otel`);
    const connected = Object.hasOwn(connections, id);
    if (!connected && heard === undefined) return [];
    const { joined: calls = 0, logTokens = 0, liveTokens = 0 } = heard ?? {};
    const joined = calls === 0 ? undefined : { calls, logTokens, liveTokens };
    return [{ id, title, connected, lastHeard: heard?.lastHeard, joined }];
  });
}
