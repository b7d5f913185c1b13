// The files that start threads, and the extension with which they run: `.ts` from the sources, `.js` after the build.
// Only this file knows them.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The reader thread's entry file. */
export const readerThreadUrl = new URL(`./reader.${extension}`, import.meta.url);
