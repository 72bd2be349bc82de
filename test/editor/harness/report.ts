/** The result of a run of the suite in the extension host. It is passed in a file, because two kinds of host run the suite. */
export interface SuiteReport {
  /** Full titles. */
  readonly passed: string[];
  readonly skipped: string[];
  readonly failed: { title: string; error: string }[];
}

/** Prints a report. @returns whether something passed and nothing failed. */
export function printReport({ passed, skipped, failed }: SuiteReport): boolean {
  for (const title of passed) console.log(`  ok       ${title}`);
  for (const title of skipped) console.log(`  skipped  ${title}`);
  for (const { title, error } of failed)
    console.error(`  FAILED   ${title}\n${error.replaceAll(/^/gm, '           ')}`);
  return passed.length > 0 && failed.length === 0;
}
