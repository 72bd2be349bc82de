import { MAX_LABEL } from '../usage/limits.ts';
import { ToolInputError, type ToolInput, type ToolProperty, type ToolSchema } from './tool.ts';

/**
 * Checks an input against the schema of a tool. Clients need not do it: VS Code passes values to tools that its schema forbids.
 * @throws {ToolInputError} naming the first property that breaks a rule.
 */
export function checkedInput(schema: ToolSchema, input: unknown): ToolInput {
  if (input === undefined || input === null) return checkedInput(schema, {});
  if (typeof input !== 'object' || Array.isArray(input)) throw new ToolInputError('The input must be an object.');
  const names = Object.keys(schema.properties);
  const checked: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(input)) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (property === undefined) {
      const known = names.length === 0 ? 'There is none.' : `There are: ${names.join(', ')}.`;
      throw new ToolInputError(`${JSON.stringify(name.slice(0, 40))} is no property. ${known}`);
    }
    if (value === undefined || value === null) continue;
    checked[name] = checkedValue(name, property, value);
  }
  const missing = schema.required?.find((name) => checked[name] === undefined);
  if (missing !== undefined) throw new ToolInputError(`${missing}: is required.`);
  return checked;
}

function checkedValue(name: string, { type, enum: choices }: ToolProperty, value: unknown): string | number | boolean {
  const isType = type === 'integer' ? Number.isSafeInteger(value) : typeof value === type;
  const given = JSON.stringify(value)?.slice(0, 60) ?? typeof value;
  if (!isType || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new ToolInputError(`${name}: must be ${type === 'integer' ? 'a whole number' : `a ${type}`} (got ${given}).`);
  }
  if (typeof value === 'number' && value < 0) throw new ToolInputError(`${name}: must not be negative (got ${given}).`);
  if (typeof value === 'string' && value.length > MAX_LABEL) {
    throw new ToolInputError(`${name}: must have at most ${MAX_LABEL} characters.`);
  }
  if (choices !== undefined && !choices.includes(value as string)) {
    throw new ToolInputError(`${name}: must be one of ${choices.join(', ')} (got ${given}).`);
  }
  return value as string | number | boolean;
}
