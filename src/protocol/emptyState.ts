/**
 * The state without any usage: the same text and actions in the side bar, the tree and the editor. `package.nls.json` repeats
 * them for the tree; a test compares both.
 */
export const EMPTY_STATE = {
  title: 'No usage yet',
  text: 'Import the usage that coding agents have logged on this machine, record a call by hand, or let your programs record their calls. Nothing is read until you agree, and no data leaves this machine.',
  actions: {
    import: 'Import Usage…',
    record: 'Record Usage',
    copy: 'Copy Command',
    walkthrough: 'Get Started',
  },
} as const;

/** The options of an example of `llm-spend record`: a narrow view breaks the line between them. */
export const EXAMPLE_COMMAND = [
  'llm-spend record',
  '--provider openai',
  '--model gpt-5',
  '--operation chat',
  '--input-tokens 1200',
  '--output-tokens 300',
] as const;
