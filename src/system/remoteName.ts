/**
 * Normalises a remote's URL, so that clones by different protocols are recognised as one repository: `github.com/owner/name`.
 * Credentials are dropped. undefined for local paths, which identify nothing on another machine.
 */
export function remoteName(url: string): string | undefined {
  const text = url.trim();
  const withScheme = /^[a-z][a-z\d+.-]*:\/\/(?:[^/]*@)?([^/:?#]+|\[[^\]]*\])(?::\d*)?\/+([^?#]*)/i.exec(text);
  if (/^file:/i.test(text)) return undefined;
  // As scp writes it: `git@github.com:owner/name.git`. A single letter is a drive of Windows.
  const match = withScheme ?? /^(?:[^/@:]+@)?([^/:@]{2,}):(?!\/\/)\/*(.+)$/.exec(text);
  const [, host = '', path = ''] = match ?? [];
  const name = path.replace(/\/+$/, '').replace(/\.git$/i, '');
  return host === '' || name === '' ? undefined : `${host.toLowerCase()}/${name}`;
}
