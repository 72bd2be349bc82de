import axe from 'axe-core';

import type { Page } from 'playwright-core';

/** What axe-core finds wrong with the page, in words: rule, element, reason. Its rules for WCAG 2.2 A and AA, and best practice. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Through the debugger, because the page's own policy admits no other script.
  await page.evaluate(`${axe.source};undefined`);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}
