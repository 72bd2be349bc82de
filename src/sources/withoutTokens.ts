/** Tools that leave no token counts on disk, with another way to get their usage. */
export const WITHOUT_TOKENS: Readonly<Record<string, { title: string; instead: string }>> = {
  windsurf: {
    title: 'Windsurf',
    instead: 'The plan page at windsurf.com shows its usage. Record it with llm-spend record, or import a CSV file.',
  },
  'amazon-q': {
    title: 'Amazon Q',
    instead: 'The AWS console shows its usage. For its successor Kiro, run llm-spend import kiro.',
  },
  warp: { title: 'Warp', instead: 'Warp shows its usage in the settings, under Billing and usage.' },
  antigravity: { title: 'Antigravity', instead: 'Its files contain no token counts that can be read.' },
  'cursor-agent': {
    title: 'Cursor agent',
    instead: 'Export the CSV of the dashboard (cursor.com, Usage) and import the file.',
  },
};
