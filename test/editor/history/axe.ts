import axe from 'axe-core';

import type { Page } from 'playwright-core';

/**
 * The problems that axe-core finds in the page, as text: rule, element, reason.
 * @param rules default: all, for WCAG 2.2 A and AA and best practice.
 */
export async function accessibilityProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  // Through the debugger, because the page's own policy allows no other script.
  await page.evaluate(`globalThis.axe ?? ${axe.source};undefined`);
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}
