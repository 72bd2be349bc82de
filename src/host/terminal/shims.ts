/** Small programs that start the command `llm-spend` with the editor's own runtime, so that Node need not be installed. */

export interface ShimOptions {
  /** The editor's executable, which runs as Node if `ELECTRON_RUN_AS_NODE` is set. */
  runtime: string;
  /** The command's program: `dist/cli.js`. */
  cli: string;
  /** The user's home folder on Windows, `%USERPROFILE%`. */
  profile?: string | undefined;
}

export interface Shim {
  /** The file name. */
  name: string;
  text: string;
}

/** For POSIX shells, including Git Bash on Windows. */
export function shellShim({ runtime, cli }: ShimOptions): Shim {
  const text = `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${shellQuote(runtime)} ${shellQuote(cli)} "$@"\n`;
  return { name: 'llm-spend', text };
}

/** For the command prompt and PowerShell. */
export function commandShim({ runtime, cli, profile }: ShimOptions): Shim {
  const lines = [
    '@echo off',
    'setlocal',
    'set ELECTRON_RUN_AS_NODE=1',
    `"${batchPath(runtime, profile)}" "${batchPath(cli, profile)}" %*`,
  ];
  return { name: 'llm-spend.cmd', text: `${lines.join('\r\n')}\r\n` };
}

function shellQuote(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A batch file is read in the console's code page, which may lack letters of the user's name, so the home folder is written as
 * a variable.
 */
function batchPath(path: string, profile: string | undefined): string {
  const isBelow = profile !== undefined && path.toLowerCase().startsWith(`${profile.toLowerCase()}\\`);
  const rest = isBelow ? path.slice(profile.length) : path;
  return `${isBelow ? '%USERPROFILE%' : ''}${rest.replaceAll('%', '%%')}`;
}
