import * as vscode from 'vscode';
import { quickPickLabel } from './escape.ts';

/** Questions one after another in the quick input, with a way back: the editor's own pattern for several steps. */

const BACK = Symbol('back');
type Answer = string | typeof BACK | undefined;

interface Question {
  title: string;
  /** 1-based. */
  step: number;
  totalSteps: number;
  placeholder: string;
  /** The initial text of the field. */
  value: string;
  /** Why a text cannot be accepted; undefined when it can. Asked at every key. */
  problem: (text: string) => string | undefined;
}

export interface PickQuestion extends Question {
  kind: 'pick';
  /** Offered, best first. */
  suggestions: readonly Suggestion[];
  /** false: only suggestions are accepted. Absent: any text without a problem is. */
  free?: boolean;
}

export interface TextQuestion extends Question {
  kind: 'text';
  prompt: string;
  /** A hint that is computed from the text, shown after the prompt while it is typed. */
  hint?: (text: string) => string;
}

export interface Suggestion {
  value: string;
  description: string | undefined;
  /** Absent: the value. May hold an icon: it is no text of others. */
  label?: string;
}

/** A step asks, and takes the answer. Steps see the answers to earlier ones, and are asked again after a step back. */
export interface Step {
  ask: (step: number, totalSteps: number) => Promise<PickQuestion | TextQuestion>;
  /** 'again': the same step asks once more. */
  take: (text: string) => void | Promise<'again' | undefined>;
}

/** Walks through the steps, back too. false when the person gave up. */
export async function walk(steps: readonly Step[]): Promise<boolean> {
  let index = 0;
  while (index < steps.length) {
    const step = steps[index] as Step;
    const question = await step.ask(index + 1, steps.length);
    const answer = await (question.kind === 'pick' ? pick(question) : type(question));
    if (answer === undefined) return false;
    if (answer === BACK) index -= 1;
    else {
      if ((await step.take(answer)) !== 'again') index += 1;
    }
  }
  return true;
}

/** A suggestion, or (without a value) the text in the field. */
type PickItem = vscode.QuickPickItem & { value: string | undefined };

function pick(question: PickQuestion): Promise<Answer> {
  const input = vscode.window.createQuickPick<PickItem>();
  const known = question.suggestions.map(({ value, description, label }): PickItem => {
    const item: PickItem = { label: label ?? quickPickLabel(value), value };
    if (description !== undefined) item.description = description;
    return item;
  });
  let own: PickItem | undefined;
  // Until the list for the typed text arrives, the editor filters the previous list and selects its first match.
  let isListed = true;
  const update = (): void => {
    const typed = input.value.trim();
    // An exact beginning of something known is more likely on the way to it than meant as it stands.
    const first = typed !== '' && !known.some(({ value }) => value?.toLowerCase().startsWith(typed.toLowerCase()));
    own = typedItem(typed, typed === '' ? undefined : question.problem(typed));
    isListed = !first;
    // A name that is typed in full comes first, although longer names match it too.
    const exact = known.filter(({ value }) => value === typed);
    const others = exact.length === 0 ? known : [...exact, ...known.filter(({ value }) => value !== typed)];
    input.items = question.free === false ? known : first ? [own, ...others] : [...others, own];
  };
  input.onDidChangeValue(update);
  input.onDidChangeActive(([active]) => {
    if (active === own) isListed = true;
  });
  update();
  const preset = known.find(({ value }) => value === question.value);
  if (preset !== undefined) input.activeItems = [preset];
  return present(input, question, () => {
    const suggestion = input.selectedItems[0]?.value;
    const typed = input.value.trim();
    // A fast typist accepts before the list is updated: the selected item is then not their choice.
    const isChosen = question.free === false || (isListed && suggestion !== undefined && mayMatch(typed, suggestion));
    if (suggestion !== undefined && isChosen) return suggestion;
    if (question.free === false) return undefined;
    return typed === '' || question.problem(typed) !== undefined ? undefined : typed;
  });
}

/** Whether the editor's fuzzy filter could leave a suggestion in the list: its letters are there, in their order. */
function mayMatch(typed: string, suggestion: string): boolean {
  const text = suggestion.toLowerCase();
  let at = 0;
  for (const letter of typed.toLowerCase().replaceAll(/\s/g, '')) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Always shown, because the editor accepts nothing from a list without a match. */
function typedItem(typed: string, problem: string | undefined): PickItem {
  const icon = problem === undefined ? '$(edit)' : '$(error)';
  return {
    label: `${icon} ${typed === '' ? vscode.l10n.t('Type a name') : quickPickLabel(typed)}`,
    description: problem ?? (typed === '' ? '' : vscode.l10n.t('as typed')),
    alwaysShow: true,
    value: undefined,
  };
}

function type(question: TextQuestion): Promise<Answer> {
  const input = vscode.window.createInputBox();
  input.value = question.value;
  const check = (): boolean => {
    const problem = question.problem(input.value);
    input.validationMessage = problem;
    const hint = problem === undefined ? question.hint?.(input.value) : undefined;
    input.prompt = hint === undefined || hint === '' ? question.prompt : `${question.prompt} · ${hint}`;
    return problem === undefined;
  };
  input.onDidChangeValue(check);
  if (question.hint === undefined) input.prompt = question.prompt;
  else check();
  return present(input, question, () => (check() ? input.value : undefined));
}

/** @param accept returns the accepted answer on Enter; undefined keeps the question open. */
function present(
  input: vscode.QuickPick<PickItem> | vscode.InputBox,
  { title, step, totalSteps, placeholder }: Question,
  accept: () => string | undefined,
): Promise<Answer> {
  input.title = title;
  if (totalSteps > 1) {
    input.step = step;
    input.totalSteps = totalSteps;
  }
  input.placeholder = placeholder;
  // Someone looks a number up in another window and comes back.
  input.ignoreFocusOut = true;
  input.buttons = step > 1 ? [vscode.QuickInputButtons.Back] : [];
  return new Promise<Answer>((resolve) => {
    const end = (answer: Answer): void => {
      resolve(answer);
      input.dispose();
    };
    input.onDidTriggerButton(() => end(BACK));
    input.onDidHide(() => end(undefined));
    input.onDidAccept(() => {
      const accepted = accept();
      if (accepted !== undefined) end(accepted);
    });
    input.show();
  });
}
