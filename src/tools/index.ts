import { budgetsLeft } from './budgetsLeft.ts';
import { priceCall } from './priceCall.ts';
import { receiptTool } from './receiptTool.ts';
import { recordUsage } from './recordUsage.ts';
import { spend } from './spend.ts';
import type { Tool } from './tool.ts';
import { whyDear } from './whyDear.ts';

/** The tools for agents, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [spend, budgetsLeft, whyDear, priceCall, receiptTool, recordUsage];

export { checkedInput } from './input.ts';
export { ToolInputError, type Tool, type ToolContext, type ToolInput } from './tool.ts';
