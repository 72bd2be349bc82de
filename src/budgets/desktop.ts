import { execFile } from 'node:child_process';

/** Messages of the desktop, by the program that each system has for them. */

const TITLE = 'LLM Spend';
const TIMEOUT_MS = 5_000;
/** Windows shows messages only for known applications; PowerShell is one. */
const WINDOWS_APPLICATION = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe';
/** The text is passed as a variable of the environment, so that nothing in it is code. */
const WINDOWS_SCRIPT = `
[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null
$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$texts = $xml.GetElementsByTagName('text')
$texts.Item(0).AppendChild($xml.CreateTextNode($env:LLM_SPEND_TITLE)) | Out-Null
$texts.Item(1).AppendChild($xml.CreateTextNode($env:LLM_SPEND_TEXT)) | Out-Null
$toast = [Windows.UI.Notifications.ToastNotification]::new($xml)
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('${WINDOWS_APPLICATION}').Show($toast)`;
const MAC_SCRIPT = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];

export interface DesktopCommand {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

export function desktopCommand(text: string, platform: NodeJS.Platform = process.platform): DesktopCommand {
  if (platform === 'darwin') {
    return { command: 'osascript', args: [...MAC_SCRIPT.flatMap((line) => ['-e', line]), TITLE, text] };
  }
  if (platform === 'win32') {
    const args = ['-NoProfile', '-NonInteractive', '-Command', WINDOWS_SCRIPT];
    return { command: 'powershell.exe', args, env: { LLM_SPEND_TITLE: TITLE, LLM_SPEND_TEXT: text } };
  }
  return { command: 'notify-send', args: [`--app-name=${TITLE}`, '--urgency=normal', '--', TITLE, text] };
}

/** Shows a message. Resolves with false where the system cannot, as on a server. Never rejects. */
export function notifyDesktop(text: string): Promise<boolean> {
  const { command, args, env } = desktopCommand(text);
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, windowsHide: true, env: { ...process.env, ...env } };
    execFile(command, args, options, (error) => resolve(error === null));
  });
}
