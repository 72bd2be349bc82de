import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { quickPickLabel } from '../common/escape.ts';
import { chooseScope } from './scopeChoice.ts';
import type { SyncOutcome } from './teamMember.ts';
import { usableMembership, runSync, savePassword, SyncFailure, type TeamWindow } from './teamWindow.ts';
import { inLanguage } from '../common/language.ts';

const EXAMPLE = 'postgres://me@db.example.com/costs';
const PROJECTS = ['plain', 'hashed', 'none'] as const;

/** The output of `llm-spend sync --dry-run --json`. */
interface Preview {
  team: string;
  user: string;
  machine: string;
  fields: readonly string[];
  projects: (typeof PROJECTS)[number];
  sendable_fields: readonly string[];
  would_send: number;
  newest: readonly object[];
}

/** The user's choices for sending records. An absent one takes the command's default. */
interface Choice {
  user?: string;
  machine?: string;
  fields?: readonly string[];
  projects?: string;
}

/** *Join a Team Ledger…*: asks for its URL, shows the exact records that would leave, and joins once the user agrees. */
export async function askToJoin(window: TeamWindow): Promise<void> {
  const { t } = vscode.l10n;
  const joined = usableMembership();
  if (joined !== undefined) {
    window.dialogs.showInfo(
      t('This machine is in the team of {0} already. Leave it first to join another one.', joined.url),
      {
        [t('Team…')]: () => vscode.commands.executeCommand(COMMANDS.team),
      },
    );
    return;
  }
  const url = await askForUrl();
  if (url === undefined) return;
  const address = new URL(url);
  const given = address.password === '' ? undefined : decodeURIComponent(address.password);
  address.password = '';
  const to = address.href;
  let choice: Choice = {};
  for (;;) {
    const preview = await previewOf(window, to, choice);
    await window.documents.show(t('What Leaves This Machine'), previewText(preview));
    const next = await askAboutPreview(preview, choice);
    if (next === undefined) return;
    if (next === 'join') break;
    choice = next;
  }
  const outcome = await connect(window, to, flagsOf(to, choice, window), given);
  if (outcome === undefined) return;
  const refused = outcome.refused.length === 0 ? '' : ` ${t('{0} refused.', outcome.refused.length)}`;
  window.dialogs.showInfo(`${t('Joined the team of {0}. Records sent: {1}.', to, outcome.sent)}${refused}`, {
    [t('Show Team Costs')]: () => chooseScope('team'),
    [t('Team…')]: () => vscode.commands.executeCommand(COMMANDS.team),
  });
}

/** Shows the records that leave this machine now, as {@link askToJoin} does. */
export async function showPreview(window: TeamWindow): Promise<void> {
  const preview = await runSync<Preview>(window, ['--dry-run', '--ledger', window.service.path]);
  await window.documents.show(vscode.l10n.t('What Leaves This Machine'), previewText(preview));
}

function askForUrl(): Thenable<string | undefined> {
  const { t } = vscode.l10n;
  return vscode.window.showInputBox({
    title: t('Join a Team Ledger'),
    prompt: t('The URL of the PostgreSQL database. Nothing is sent until you have seen what would be sent.'),
    placeHolder: EXAMPLE,
    ignoreFocusOut: true,
    validateInput: (text) => (isUrl(text) ? undefined : t('A URL such as {0}', EXAMPLE)),
  });
}

function isUrl(text: string): boolean {
  return /^postgres(ql)?:\/\/.+/i.test(text.trim()) && URL.canParse(text.trim());
}

function previewOf(window: TeamWindow, url: string, choice: Choice): Thenable<Preview> {
  const title = vscode.l10n.t('Reading what would leave this machine');
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
    runSync<Preview>(window, ['--dry-run', ...flagsOf(url, choice, window)]),
  );
}

function flagsOf(url: string, { user, machine, fields, projects }: Choice, { service }: TeamWindow): string[] {
  const flag = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);
  return [
    '--to',
    url,
    '--ledger',
    service.path,
    ...flag('--user', user),
    ...flag('--machine', machine),
    ...flag('--fields', fields?.join(',')),
    ...flag('--projects', projects),
  ];
}

/** Plain text: the choice, then the records as the command would send them. */
function previewText({ team, user, machine, fields, projects, sendable_fields, would_send, newest }: Preview): string {
  const { t } = vscode.l10n;
  const kept = sendable_fields.filter((name) => !fields.includes(name));
  return [
    t('What would leave this machine'),
    '',
    `${t('Team')}: ${team}`,
    `${t('Sent as')}: ${user}, ${machine}`,
    `${t('Fields')}: ${fields.join(', ')}`,
    `${t('Never sent')}: ${kept.join(', ') || '–'}`,
    `${t('Projects')}: ${projects}`,
    '',
    t('Records that would be sent now: {0}. Later changes, removals and undo follow.', would_send),
    t('The newest of them, exactly as they would be sent:'),
    '',
    ...newest.map((record) => JSON.stringify(record)),
    '',
  ].join('\n');
}

/** @returns `join`, the changed choice, or undefined if the user cancelled. */
async function askAboutPreview(preview: Preview, choice: Choice): Promise<'join' | Choice | undefined> {
  const { t } = vscode.l10n;
  const items: (vscode.QuickPickItem & { id: 'join' | 'fields' | 'projects' | 'names' })[] = [
    { id: 'join', label: `$(check) ${t('Join, and Send Records ({0})', preview.would_send)}` },
    { id: 'fields', label: `$(list-selection) ${t('Choose the Fields…')}`, description: preview.fields.join(', ') },
    { id: 'projects', label: `$(project) ${t('Names of Projects…')}`, description: preview.projects },
    {
      id: 'names',
      label: `$(account) ${t('My Name, and the Name of This Machine…')}`,
      description: `${preview.user}, ${preview.machine}`,
    },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Join {0}?', quickPickLabel(preview.team)),
    placeHolder: t('The document shows exactly what would be sent'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  switch (chosen.id) {
    case 'join':
      return 'join';
    case 'fields':
      return { ...choice, fields: (await askForFields(preview)) ?? preview.fields };
    case 'projects':
      return { ...choice, projects: (await askForProjects()) ?? preview.projects };
    case 'names':
      return { ...choice, ...(await askForNames(preview)) };
  }
}

async function askForFields({ fields, sendable_fields }: Preview): Promise<string[] | undefined> {
  const { t } = vscode.l10n;
  const chosen = await vscode.window.showQuickPick(
    sendable_fields.map((label) => ({ label, picked: fields.includes(label) })),
    { canPickMany: true, title: t('Fields That Leave This Machine'), ignoreFocusOut: true },
  );
  // Without any field, the command would send its default ones.
  return chosen && ['usage_id', ...chosen.map(({ label }) => label)];
}

async function askForProjects(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const details = {
    plain: t('As they are; of a path only the last part'),
    hashed: t('As a hash: equal projects of the team stay equal'),
    none: t('Not at all'),
  };
  const items = PROJECTS.map((label) => ({ label, description: details[label] }));
  const title = t('Names of Projects');
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.label;
}

async function askForNames({ user, machine }: Preview): Promise<Pick<Choice, 'user' | 'machine'>> {
  const { t } = vscode.l10n;
  const ask = (prompt: string, value: string): Thenable<string | undefined> =>
    vscode.window.showInputBox({ title: t('Names in the Team'), prompt, value, ignoreFocusOut: true });
  const name = (await ask(t('Your name in the team'), user))?.trim();
  const place =
    name === undefined ? undefined : (await ask(t('The name of this machine in the team'), machine))?.trim();
  return { user: name || user, machine: place || machine };
}

/** Joins, asking for a password as long as the server wants another one. @returns undefined if the user cancelled. */
async function connect(
  window: TeamWindow,
  url: string,
  flags: readonly string[],
  given: string | undefined,
): Promise<SyncOutcome | undefined> {
  const { t } = vscode.l10n;
  let password = given;
  for (;;) {
    try {
      const title = t('Joining the team');
      const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
      const outcome = await vscode.window.withProgress(options, (_, token) => {
        const stop = new AbortController();
        token.onCancellationRequested(() => stop.abort());
        return runSync<SyncOutcome>(window, flags, { password, signal: stop.signal });
      });
      if (password !== undefined) await savePassword(window, url, password);
      return outcome;
    } catch (error) {
      if (!(error instanceof SyncFailure) || error.code !== 'password') throw error;
      password = await vscode.window.showInputBox({
        title: t('Password of the Team Ledger'),
        prompt: inLanguage(error.message),
        password: true,
        ignoreFocusOut: true,
      });
      if (password === undefined) return undefined;
    }
  }
}
