/** esbuild bundles the imported style sheets into main.css. */
declare module '*.css';
