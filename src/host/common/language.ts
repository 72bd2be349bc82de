import * as vscode from 'vscode';
import { readCatalogue, type Catalogue } from '../../language/catalogue.ts';
import { languageOf } from '../../language/languageOf.ts';
import { translatedMessage } from '../../language/message.ts';
import { once } from '../../usage/lazy/once.ts';

const catalogue = once((): Catalogue | undefined => {
  const language = languageOf({ LANG: vscode.env.language });
  return language === undefined ? undefined : readCatalogue(language);
});

/** A message of another layer, which is English, in the language of the editor. Reads the translations at the first one. */
export function inLanguage(english: string): string {
  const words = catalogue();
  return words === undefined ? english : translatedMessage(english, words.messages);
}
