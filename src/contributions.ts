/**
 * All ids shared by the manifest and the code; no other file contains them. A test compares this table with `package.json` in
 * both directions.
 */

export const EXTENSION_ID = 'llm-spend.llm-spend';

export const COMMANDS = {
  recordUsage: 'llmSpend.recordUsage',
  recordFromResponse: 'llmSpend.recordFromResponse',
  reprice: 'llmSpend.reprice',
  repriceRecorded: 'llmSpend.repriceRecorded',
  updatePrices: 'llmSpend.updatePrices',
  setPrices: 'llmSpend.setPrices',
  editRecords: 'llmSpend.editRecords',
  addRule: 'llmSpend.addRule',
  applyRules: 'llmSpend.applyRules',
  showMenu: 'llmSpend.showMenu',
  copyRow: 'llmSpend.copyRow',
  filterByRow: 'llmSpend.filterByRow',
  excludeRow: 'llmSpend.excludeRow',
  removeRecords: 'llmSpend.removeRecords',
  openHistory: 'llmSpend.openHistory',
  refresh: 'llmSpend.refresh',
  exportCsv: 'llmSpend.exportCsv',
  openLedger: 'llmSpend.openLedger',
  verifyLedger: 'llmSpend.verifyLedger',
  repairLedger: 'llmSpend.repairLedger',
  clearLedger: 'llmSpend.clearLedger',
  migrateLedger: 'llmSpend.migrateLedger',
  importUsage: 'llmSpend.importUsage',
  connectAgents: 'llmSpend.connectAgents',
  budgets: 'llmSpend.budgets',
  undo: 'llmSpend.undo',
  copyReceipt: 'llmSpend.copyReceipt',
  addCostTrailer: 'llmSpend.addCostTrailer',
  team: 'llmSpend.team',
  joinTeam: 'llmSpend.joinTeam',
  leaveTeam: 'llmSpend.leaveTeam',
  syncNow: 'llmSpend.syncNow',
  copyCliCommand: 'llmSpend.copyCliCommand',
  showLog: 'llmSpend.showLog',
} as const;
export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];

/** The activity-bar container. */
export const CONTAINER = 'llmSpend';

export const VIEWS = {
  /** A webview. */
  history: 'llmSpend.history',
  /** A tree. */
  breakdown: 'llmSpend.breakdown',
  /** A tree. */
  budgets: 'llmSpend.budgets',
  /** A tree in the editor's own container of Source Control. */
  commits: 'llmSpend.commits',
} as const;

/** View types of editor panels. They are not in the manifest; a restored window finds its panels by them. */
export const PANELS = {
  history: 'llmSpend.historyPanel',
} as const;

/** The walkthrough "Get started with LLM Spend": a step is completed when its view is shown or its command runs. */
export const WALKTHROUGH = {
  id: 'getStarted',
  steps: {
    import: COMMANDS.importUsage,
    total: VIEWS.breakdown,
    record: COMMANDS.recordUsage,
    history: COMMANDS.openHistory,
    programs: COMMANDS.copyCliCommand,
    budgets: COMMANDS.budgets,
  },
} as const;

export const SETTINGS_SECTION = 'llmSpend';

/** Below {@link SETTINGS_SECTION}. */
export const SETTINGS = {
  ledgerPath: 'ledgerPath',
  ledgers: 'ledgers',
  showInkwell: 'showInkwell',
  statusBarEnabled: 'statusBar.enabled',
  statusBarPeriod: 'statusBar.period',
  statusBarBranch: 'statusBar.branch',
  statusBarScope: 'statusBar.scope',
  scope: 'scope',
  timeZone: 'timeZone',
  weekStart: 'weekStart',
  prices: 'prices',
  currency: 'currency',
  importEnabled: 'import.enabled',
  importClaudeCode: 'import.claudeCode',
  importCodex: 'import.codex',
  importGeminiCli: 'import.geminiCli',
  importOpenCode: 'import.openCode',
  importCopilotCli: 'import.copilotCli',
  importCopilotChat: 'import.copilotChat',
  importFurther: 'import.further',
} as const;
export type SettingKey = (typeof SETTINGS)[keyof typeof SETTINGS];

/** Context keys for `when` clauses. */
export const CONTEXT_KEYS = {
  /** One of `loading`, `ok`, `missing`, `damaged`, `unavailable`. */
  health: 'llmSpend.health',
  /** true once any ledger shown contains a record. */
  hasUsage: 'llmSpend.hasUsage',
  /** State of the commit costs: `ok`, `none` (no repository) or `problem`; unset until they are read. */
  commits: 'llmSpend.commits',
  /** true if this machine is in a team. */
  team: 'llmSpend.team',
} as const;

/** Language-model tools, by the name of the tool in `src/tools`. */
export const LANGUAGE_MODEL_TOOLS: Readonly<Record<string, string>> = {
  spend: 'llmSpend_spend',
  budgets_left: 'llmSpend_budgetsLeft',
  why_dear: 'llmSpend_whyDear',
  price_call: 'llmSpend_priceCall',
  receipt: 'llmSpend_receipt',
  record_usage: 'llmSpend_recordUsage',
};

export const MCP_PROVIDER = 'llmSpend.mcp';
