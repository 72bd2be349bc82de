/** The areas in the order in which data flows through them. Each imports from those above it only. */
export const LAYERS = [
  'usage',
  'columns',
  'pricing',
  'system',
  'prices',
  'ledger',
  'rules',
  'budgets',
  'library',
  'sync',
  'sources',
  'live',
  'git',
  'tools',
].map((name) => `src/${name}`);
