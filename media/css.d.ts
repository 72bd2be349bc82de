/** esbuild gathers the style sheets that are imported into main.css. */
declare module '*.css';
