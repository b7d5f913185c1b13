// The few globals of a browser that the texts and forms of a page read when their modules are loaded: an English page in
// an English browser.

/** Must be called before a module of a page is imported. */
export function provideBrowserGlobals(): void {
  const globals = {
    document: { documentElement: { dataset: {} } },
    location: { hash: '' },
    navigator: { language: 'en-GB', languages: ['en-GB', 'en'] },
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true });
}
