import { OTHER_PROGRAMS, type LiveScan, type RecordScan } from '../sources/scan.ts';
import { CONNECTABLE } from './connect/agents.ts';
import { readLiveSettings } from './settings.ts';

/** An agent that can report live. */
export interface LiveAgent {
  id: string;
  title: string;
  /** Whether its settings were changed to report to us; undefined for programs whose users do this. */
  connected: boolean | undefined;
  /** Time of its newest call that was received live, ISO 8601. */
  lastHeard: string | undefined;
  /** Calls that are also in its log, with the tokens by both. */
  joined: { calls: number; logTokens: number; liveTokens: number } | undefined;
}

/** The `source` of live reports that is not named after the agent. */
const SOURCES: Readonly<Partial<Record<string, string>>> = { qwen: 'qwen-otel', copilot: 'otel' };

/** The agents that are connected, or were heard, and all other programs that were heard. */
export function liveAgents({ live }: Pick<RecordScan, 'live'>): LiveAgent[] {
  let connections: Readonly<Record<string, unknown>> = {};
  try {
    connections = readLiveSettings()?.connections ?? {};
  } catch {
    // A damaged file is reported where it matters: by `connect` and `receive`.
  }
  const agents = CONNECTABLE.flatMap(({ id, title }) => {
    const heard = live.get(SOURCES[id] ?? `${id}-otel`);
    const connected = Object.hasOwn(connections, id);
    return connected || heard !== undefined ? [{ id, title, connected, ...reportsOf(heard) }] : [];
  });
  const others = live.get(OTHER_PROGRAMS);
  if (others === undefined) return agents;
  return [...agents, { id: 'otel', title: 'Other programs', connected: undefined, ...reportsOf(others) }];
}

function reportsOf(heard: LiveScan | undefined): Pick<LiveAgent, 'lastHeard' | 'joined'> {
  const { joined: calls = 0, logTokens = 0, liveTokens = 0 } = heard ?? {};
  return { lastHeard: heard?.lastHeard, joined: calls === 0 ? undefined : { calls, logTokens, liveTokens } };
}
