import { chmodSync, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { errno } from '../../system/errno.ts';
import { ownEnvironment, type PathEnvironment } from '../../system/paths.ts';
import { liveSettings, liveSettingsPath, updateConnections, type AgentConnection } from '../settings.ts';
import { CONNECTABLE, HOOKS, NO_EXPORTER, type Agent, type Json, type Setting } from './agents.ts';
import { addition, edited, isAt, removal, SettingsError, valueAt, valuesOf } from './edit.ts';

/** A planned change of an agent's settings, which has not been written yet. */
export interface SettingsChange {
  agent: Agent;
  /** The absolute path of the settings file. */
  file: string;
  /** Its current text; undefined: the file does not exist. */
  before: string | undefined;
  after: string;
  /** The former value of each changed setting, for disconnecting. */
  previous: AgentConnection['previous'];
  /** The endpoint that the agent will export to; undefined when disconnecting. */
  endpoint: string | undefined;
}

export function connectable(id: string): Agent | undefined {
  return [...CONNECTABLE, ...HOOKS].find((agent) => agent.id === id);
}

/** Whether an agent's folder exists. */
export function isFound(agent: Agent, environment: PathEnvironment = ownEnvironment()): boolean {
  return agent.files(environment).some((file) => existsSync(dirname(file)));
}

export interface ConnectOptions {
  /** The config folder of LLM Spend. */
  settingsPath?: string;
  environment?: PathEnvironment;
}

/**
 * Plans the connection of an agent. Writes nothing.
 * @throws {SettingsError} when the agent is not found, its file is damaged, or it already exports to another place.
 */
export async function connection(agent: Agent, options: ConnectOptions = {}): Promise<SettingsChange> {
  const { port, token } = await liveSettings(options.settingsPath);
  const endpoint = `http://127.0.0.1:${port}`;
  const { file, text } = readSettingsFile(agent, options.environment);
  const values = valuesOf(text ?? '', agent.format, file);
  const settings = agent.settings(endpoint, token);
  checkExporters(agent, file, values, settings);
  const changes = settings.filter((setting) => !isAt(values, setting));
  return {
    agent,
    file,
    before: text,
    after:
      changes.length === 0
        ? (text ?? '')
        : edited(
            text ?? '',
            agent.format,
            changes.map((each) => addition(values, each)),
          ),
    previous: changes.map((each) => ({ path: [...each.path], value: formerValue(values, each) })),
    endpoint,
  };
}

/** Of a list only whether it was there: its other elements are not ours to keep. */
function formerValue(values: Record<string, unknown>, { path, isElement }: Setting): Json {
  const value = (valueAt(values, path) ?? null) as Json;
  return isElement === true && value !== null ? [] : value;
}

/** @throws {SettingsError} when the user has another exporter. */
function checkExporters(
  agent: Agent,
  file: string,
  values: Record<string, unknown>,
  settings: readonly Setting[],
): void {
  const toFile = agent.fileExport?.find((path) => !NO_EXPORTER.has(valueAt(values, path)));
  if (toFile !== undefined) throw alreadyExports(agent, file, { path: toFile, value: valueAt(values, toFile) });
  const exporters = settings.filter(({ isExporter }) => isExporter === true);
  if (isEarlierConnection(values, exporters)) return;
  const present = exporters.filter(({ path }) => !NO_EXPORTER.has(valueAt(values, path)));
  const isOn = settings.some((setting) => setting.isSwitch === true && isAt(values, setting));
  const isOurs = !isOn || present.some(hasOurAddress);
  const own = present.find((setting) => !isOurs || !isAt(values, setting));
  if (own !== undefined) throw alreadyExports(agent, file, { path: own.path, value: valueAt(values, own.path) });
}

function alreadyExports(agent: Agent, file: string, own: { path: readonly string[]; value: unknown }): SettingsError {
  return new SettingsError(
    `${agent.title} already exports to somewhere else: ${own.path.join('.')} is ${JSON.stringify(own.value)} in ${file}. ` +
      'To have both, remove that setting, connect, and run: llm-spend receive --forward URL',
  );
}

const hasOurAddress = ({ value }: Setting): boolean => JSON.stringify(value).includes('127.0.0.1:');

/** Whether all of them have values that we set, with another port or token. */
function isEarlierConnection(values: Record<string, unknown>, exporters: readonly Setting[]): boolean {
  const shape = (all: unknown): string =>
    (JSON.stringify(all) ?? '')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ENDPOINT')
      .replaceAll(/(Bearer |ENDPOINT\/)[\w-]{32}/g, '$1TOKEN');
  const there = exporters.map(({ path }) => valueAt(values, path));
  return shape(there) === shape(exporters.map(({ value }) => value));
}

/**
 * Plans the removal of a connection: settings that still have our values get their former ones.
 * @throws {SettingsError} when the agent is not connected.
 */
export async function disconnection(agent: Agent, options: ConnectOptions = {}): Promise<SettingsChange> {
  const live = await liveSettings(options.settingsPath);
  const known = live.connections[agent.id];
  if (known === undefined) throw new SettingsError(`${agent.title} is not connected.`);
  const text = readIfThere(known.file);
  const values = valuesOf(text ?? '', agent.format, known.file);
  const ours = agent.settings(known.endpoint, live.token);
  const changes = known.previous.flatMap(({ path, value }) => {
    const own = ours.find((each) => each.path.join('\n') === path.join('\n') && isAt(values, each));
    return own === undefined ? [] : [removal(values, own, value)];
  });
  const after = text === undefined ? '' : withoutEmptyParents(edited(text, agent.format, changes), agent, known);
  return { agent, file: known.file, before: text, after, previous: [], endpoint: undefined };
}

/** Removes an object that was created for our settings. */
function withoutEmptyParents(text: string, agent: Agent, { previous, file }: AgentConnection): string {
  const values = valuesOf(text, agent.format, file);
  const parents = new Set(previous.filter(({ path }) => path.length > 1).map(({ path }) => path[0]!));
  const empty = [...parents].filter((key) => isAt(values, { path: [key], value: {} }));
  return edited(
    text,
    agent.format,
    empty.map((key) => ({ path: [key], value: undefined })),
  );
}

/** Writes a change, and keeps a copy of the former file beside it. @throws {SettingsError} when the file has changed since. */
export async function applyChange(change: SettingsChange, options: ConnectOptions = {}): Promise<void> {
  const { agent, file, before, after, previous, endpoint } = change;
  // Dotfiles are often links into a repository: the link is kept, and its target is replaced.
  const target = existsSync(file) ? realpathSync(file) : file;
  if (before !== after) checkWritable(target, file);
  if (readIfThere(target) !== before)
    throw new SettingsError(`${file} was changed by another program just now. Try again.`);
  if (before !== undefined && before !== after) await writeFileAtomically(backupPath(target), before);
  const path = options.settingsPath ?? liveSettingsPath();
  if (before !== undefined && after.includes((await liveSettings(path)).token)) hideFromOthers(target);
  if (before !== after) await writeFileAtomically(target, after);
  await updateConnections(path, (connections) => {
    const known = connections[agent.id];
    if (endpoint === undefined) delete connections[agent.id];
    // The values before the first connection are the ones to restore.
    else connections[agent.id] = { file, endpoint, previous: known?.file === file ? known.previous : previous };
  });
}

/** A file that its user protects, or that another program generates, is not replaced. @throws {SettingsError} */
function checkWritable(target: string, file: string): void {
  const mode = statSync(target, { throwIfNoEntry: false })?.mode ?? 0o200;
  if ((mode & 0o222) === 0) throw new SettingsError(`${file} is read-only. Make it writable, and try again.`);
}

/** Other users must not read the token, with which they could feed the receiver. The rewritten file keeps this mode. */
function hideFromOthers(file: string): void {
  const { mode, uid } = statSync(file);
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) chmodSync(file, mode & 0o700);
}

export function backupPath(file: string): string {
  return `${file}.before-llm-spend`;
}

function readSettingsFile(agent: Agent, environment = ownEnvironment()): { file: string; text: string | undefined } {
  const files = agent.files(environment);
  const file = files.find((each) => existsSync(each)) ?? files.find((each) => existsSync(dirname(each)));
  if (file === undefined) {
    throw new SettingsError(
      `${agent.title} was not found: there is no folder ${dirname(files[0]!)}. Start it once, and try again.`,
    );
  }
  return { file, text: readIfThere(file) };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw new SettingsError(`${basename(file)} cannot be read: ${(error as Error).message}.`);
  }
}

/** The lines that a change removes (`-`) and adds (`+`), with the token hidden. */
export function changedLines({ before, after }: SettingsChange, token: string): string[] {
  const [old, now] = [linesOf(before ?? ''), linesOf(after)];
  const hidden = (line: string): string => line.replaceAll(token, '…');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${hidden(line)}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${hidden(line)}`),
  ];
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}
