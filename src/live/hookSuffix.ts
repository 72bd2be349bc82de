/** Ends the ids of connections that are hooks: these export nothing, so nothing has to listen for them. */
export const HOOK_SUFFIX = '-budgets';
