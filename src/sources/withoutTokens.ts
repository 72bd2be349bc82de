/** Tools that leave no token counts on disk, with another way to get their usage. */
export const WITHOUT_TOKENS: Readonly<Record<string, { title: string; instead: string }>> = {
  windsurf: {
    title: 'Windsurf',
    instead:
      'Its usage is on the page of the plan at windsurf.com; record it with llm-spend record, or import a CSV of it.',
  },
  'amazon-q': {
    title: 'Amazon Q',
    instead: 'Its usage is in the AWS console. Its successor Kiro tells credits: llm-spend import kiro.',
  },
  warp: { title: 'Warp', instead: "Its usage is in Warp's settings, under Billing and usage." },
  antigravity: { title: 'Antigravity', instead: 'Its conversations hold no counts that a file shows.' },
  'cursor-agent': {
    title: 'Cursor agent',
    instead: 'Export the CSV of the dashboard (cursor.com, Usage) and import the file.',
  },
};
