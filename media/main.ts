import './zod.ts';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-multi-select/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import '@vscode-elements/elements/dist/vscode-toolbar-button/index.js';
import '@vscode-elements/elements/dist/vscode-toolbar-container/index.js';
import { useTexts } from './model/texts.ts';
import { SpendApp } from './app.ts';
import { firstSnapshot, pageTexts } from './client.ts';
import type { EditorApi } from './client.ts';
import { keepContrast } from './contrast.ts';
import './main.css';
import './view/breakdown.ts';
import './view/chart/chart.ts';
import './view/filters.ts';
import './view/heatmap.ts';
import './view/records/records.ts';
import './view/select.ts';

declare function acquireVsCodeApi(): EditorApi;

// The app's constructor takes the editor's API, so the page cannot create it from its tag.
customElements.define('spend-app', SpendApp);
useTexts(pageTexts());
keepContrast();
document.body.append(new SpendApp(acquireVsCodeApi(), firstSnapshot()));
