import { driverText, crossingText, forecastText } from './budgetText.ts';
import { limitOf, amountPlaces } from './budget.ts';
import { warningId } from './claims.ts';
import { decimalText } from '../pricing/decimal.ts';
import type { BudgetWarning } from './warnings.ts';
import { readWebhooks, sendWebhook, type WebhookMessage } from './webhooks.ts';

/** A warning in English sentences. @param timeZone in which days are named. */
export function warningText({ state, level, driver }: BudgetWarning, timeZone: string): string {
  return [crossingText(state, level), driverText(driver), forecastText(state, timeZone)]
    .filter((text) => text !== undefined)
    .join(' ');
}

export function webhookMessage(warning: BudgetWarning, timeZone: string): WebhookMessage {
  const { state, level } = warning;
  const { budget, spent, percent, isOver, isAtLeast, period } = state;
  const decimal = (amount: bigint): string => decimalText(amount, amountPlaces(budget));
  return {
    id: warningId(state, level),
    text: warningText(warning, timeZone),
    data: {
      budget: budget.name,
      level,
      percent,
      spent: decimal(spent),
      limit: decimal(limitOf(budget)),
      over: isOver,
      at_least: isAtLeast,
      since: new Date(period.since).toISOString(),
      until: new Date(period.until).toISOString(),
    },
  };
}

/** Sends a warning to all webhooks. Resolves with the reasons why some were not reached; never rejects. */
export async function sendToWebhooks(message: WebhookMessage): Promise<string[]> {
  try {
    const sent = await Promise.allSettled(readWebhooks().map((webhook) => sendWebhook(webhook, message)));
    return sent.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : []));
  } catch (error) {
    return [(error as Error).message];
  }
}
