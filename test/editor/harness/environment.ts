import path from 'node:path';

/** An environment in which no program finds the developer's own files. */
export function isolatedEnvironment(home: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([key, value]) =>
      value !== undefined && !/^(npm_|XDG_|LLM_SPEND_|VSCODE_|ELECTRON_|INIT_CWD$|CLAUDE|CODEX|GEMINI)/.test(key),
  );
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    HOME: home,
    USERPROFILE: home,
    APPDATA: path.join(home, 'AppData/Roaming'),
    LOCALAPPDATA: path.join(home, 'AppData/Local'),
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_DATA_HOME: path.join(home, '.local/share'),
    XDG_STATE_HOME: path.join(home, '.local/state'),
    XDG_CACHE_HOME: path.join(home, '.cache'),
  };
}
