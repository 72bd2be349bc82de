import { allow, useAllowance } from '../../../budgets/allowance.ts';
import { readBudgets } from '../../../budgets/budgetFile.ts';
import { budgetStates, headroomOf, type BudgetState } from '../../../budgets/budgetState.ts';
import {
  BELOW,
  HOOK_AGENTS,
  headroomBasis,
  keepAnswer,
  SOFT_PERCENT,
  type HeadroomBasis,
  type HookAnswer,
} from '../../../budgets/headroom.ts';
import { stateText } from '../../../budgets/budgetText.ts';
import { defaultCountedLedgers } from '../../../library/countedLedgers.ts';
import { jsonText } from '../../../usage/jsonText.ts';
import { nextBucket } from '../../../usage/time/calendar.ts';
import { selection } from '../../arguments/filters.ts';
import { warnOfDamage, withView } from '../../arguments/ledgers.ts';
import { readStdin } from '../../input/stdin.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { say, type Terminal } from '../../output/terminal.ts';
import { shown } from '../../arguments/arguments.ts';
import { t } from '../../language/text.ts';

const ONCE_MS = 15 * 60_000;

/**
 * `llm-spend budget hook AGENT`: called by an agent before each tool call, with the call as JSON on stdin. Near a limit it asks the
 * agent to finish; at the limit it denies the call with the reason. Our own errors never stop an agent.
 */
export async function hook(agent: string | undefined, terminal: Terminal): Promise<number> {
  if (agent === undefined || !HOOK_AGENTS.includes(agent)) {
    throw usageError(t`budget hook: needs an agent: ${HOOK_AGENTS.join(' or ')} (got ${shown(agent ?? '')}).`);
  }
  try {
    if (terminal.input === undefined) await readStdin();
    const { answer, isOver } = await currentAnswer(terminal);
    if (answer === '' || (isOver && useAllowance(terminal.now()))) return EXIT.done;
    await terminal.out.raw(`${answer}\n`);
  } catch (error) {
    await say(terminal, t`The budget could not be checked, so nothing is stopped: ${(error as Error).message}`);
  }
  return EXIT.done;
}

/** As Claude Code and Codex read it: https://docs.claude.com/en/docs/claude-code/hooks (PreToolUse). */
function messageOf(state: BudgetState): object {
  const name = state.budget.name;
  if (!state.isOver) {
    const text = `LLM Spend: the budget ${name} is nearly used up: ${stateText(state)}. Finish the current step and save your work.`;
    return { systemMessage: text, hookSpecificOutput: { hookEventName: 'PreToolUse', additionalContext: text } };
  }
  const reason =
    `LLM Spend: the budget ${name} is used up: ${stateText(state)}. ` +
    'Stop and tell the user. To go on: llm-spend budget allow --once, or --today.';
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: reason,
    },
  };
}

async function currentAnswer(terminal: Terminal): Promise<HookAnswer> {
  const now = terminal.now();
  const basis = basisOrNone(now);
  const { budgets, problems } = readBudgets();
  for (const problem of problems) await say(terminal, problem);
  if (budgets.length === 0) return BELOW;
  const { calendar } = selection({}, now);
  return withView({}, async (sources) => {
    const { view } = sources;
    const isWhole = (await warnOfDamage(sources, terminal)) === EXIT.done;
    const states = await budgetStates(budgets, view, now, calendar);
    const isSound = problems.length === 0 && isWhole;
    const { left, ...answer } = answerTo(states);
    if (basis !== undefined && isSound && left !== undefined) {
      keepAnswer(basis, answer, left, nextBucket(now, 'day', calendar));
    }
    return answer;
  });
}

/** The answer, and the nano-dollars until it may change; undefined if that cannot be said. */
function answerTo(states: readonly BudgetState[]): HookAnswer & { left: bigint | undefined } {
  const [worst] = states.toSorted((a, b) => Number(b.isOver) - Number(a.isOver) || b.percent - a.percent);
  if (worst === undefined || worst.percent < SOFT_PERCENT) return { ...BELOW, left: headroomOf(states, SOFT_PERCENT) };
  // Amounts in a repeated message are as old as its last whole percent.
  const left = headroomOf(states, Math.floor(worst.percent) + 1);
  return { answer: jsonText(messageOf(worst)), isOver: worst.isOver, left };
}

function basisOrNone(now: number): HeadroomBasis | undefined {
  try {
    return headroomBasis(now, defaultCountedLedgers());
  } catch {
    return undefined;
  }
}

/** `llm-spend budget allow --once|--today`. */
export async function allowAgents(flags: { once?: boolean; today?: boolean }, terminal: Terminal): Promise<number> {
  if ((flags.once === true) === (flags.today === true)) throw usageError(t`budget allow: needs --once or --today.`);
  const now = terminal.now();
  const until = flags.once === true ? now + ONCE_MS : nextBucket(now, 'day', selection({}, now).calendar);
  await allow({ until, isOnce: flags.once === true }).catch((error: Error) => {
    throw new CliError('budgets', t`The permission cannot be stored: ${error.message}.`);
  });
  const text = flags.once === true ? t`the next tool call within 15 minutes` : t`tool calls until midnight`;
  await terminal.out.line(t`Agents may go on over a limit: ${text}.`);
  return EXIT.done;
}
