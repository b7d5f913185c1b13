// The texts of all pages: every language has every key with the same parts, the English texts in the files of a page are
// those of its keys, and every key that code or a page names exists.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

type Text = string | { readonly one: string; readonly other: string };
type Texts = Readonly<Record<string, Text>>;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHARED = 'src/http/page';
const LANGUAGES = ['en', 'de', 'fr'];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const load = async (file: string) =>
  ((await import(join(ROOT, file))) as { readonly default: Texts }).default;

const formsOf = (text: Text) => (typeof text === 'string' ? [text] : [text.one, text.other]);
const partsOf = (text: Text) =>
  formsOf(text).map((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));

/** The folders with texts of their own: those whose page offers several languages. */
const FOLDERS = globSync('src/**/page/texts-en.js', { cwd: ROOT }).map(dirname);

const SETS = [{ folder: SHARED, kind: 'words' }, ...FOLDERS.map((folder) => ({ folder, kind: 'texts' }))];

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };
const decoded = (html: string) =>
  html.replaceAll(/&(\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity);

/** The keys that no page file of these folders names. */
function unusedOf(keys: readonly string[], folders: readonly string[]): readonly string[] {
  const code = folders
    .flatMap((folder) => globSync(`${folder}/*.{js,html}`, { cwd: ROOT }))
    .filter((file) => !/^(words|texts)-/.test(basename(file)))
    .map(read)
    .join('\n');
  // A key that is put together in code, such as t(`state.${state}`), is named by the part before it.
  const prefixes = [...code.matchAll(/`([a-z0-9-]+\.(?:[a-z0-9-]+\.)*)\$\{/g)].map(
    ([, prefix = '']) => prefix,
  );
  const isNamed = (key: string) =>
    code.includes(`'${key}'`) ||
    code.includes(`"${key}"`) ||
    prefixes.some((prefix) => key.startsWith(prefix));
  return keys.filter((key) => !isNamed(key));
}

describe('page - words', () => {
  it('page - words - a page names every text that all pages share', async () => {
    const shared = await load(`${SHARED}/words-en.js`);
    expect(unusedOf(Object.keys(shared), [...FOLDERS, SHARED])).toEqual([]);
  });

  it.each(SETS)('page - words - $folder/$kind: no language lacks a key or a part of a text', async (set) => {
    const [english = {}, ...others] = await Promise.all(
      LANGUAGES.map((language) => load(`${set.folder}/${set.kind}-${language}.js`)),
    );
    for (const other of others) {
      expect(Object.keys(other)).toEqual(Object.keys(english));
      for (const [key, text] of Object.entries(english)) {
        const translated = other[key] ?? '';
        expect({ key, parts: new Set(partsOf(translated).flat()) }).toEqual({
          key,
          parts: new Set(partsOf(text).flat()),
        });
        expect({ key, type: typeof translated }).toEqual({ key, type: typeof text });
        expect({ key, isEmpty: formsOf(translated).some((form) => form.trim() === '') }).toEqual({
          key,
          isEmpty: false,
        });
      }
    }
  });

  it.each(FOLDERS)(
    'page - words - %s: every key that the page names exists, and every key is named',
    async (folder) => {
      const shared = await load(`${SHARED}/words-en.js`);
      const own = await load(`${folder}/texts-en.js`);
      expect(Object.keys(own).filter((key) => Object.hasOwn(shared, key))).toEqual([]);
      const texts = { ...shared, ...own };
      const ownCode = globSync(`${folder}/*.{js,html}`, { cwd: ROOT }).map(read).join('\n');
      const named = [
        ...ownCode.matchAll(/\bt\(\s*'([a-z0-9.-]+)'/g),
        ...ownCode.matchAll(/data-t(?:-[a-z]+)?="([^"]+)"/g),
      ].map(([, key = '']) => key);
      expect(named.filter((key) => !Object.hasOwn(texts, key))).toEqual([]);
      expect(unusedOf(Object.keys(own), [folder, SHARED])).toEqual([]);
    },
  );

  it.each(FOLDERS)(
    'page - words - %s: the English of the page itself is that of its keys',
    async (folder) => {
      if (!existsSync(join(ROOT, folder, 'index.html'))) return;
      const texts = { ...(await load(`${SHARED}/words-en.js`)), ...(await load(`${folder}/texts-en.js`)) };
      const html = read(`${folder}/index.html`);
      const written = [
        ...[...html.matchAll(/data-t="([^"]+)"[^>]*>([^<]*)</g)].map(([, key = '', text = '']) => [
          key,
          text,
        ]),
        ...[
          ...html.matchAll(/<[^>]*\bdata-t-(label|title|placeholder|roledescription|data)="([^"]+)"[^>]*>/g),
        ].map(([tag, kind = '', key = '']) => {
          const attribute =
            { label: 'aria-label', roledescription: 'aria-roledescription', data: 'data-title' }[kind] ??
            kind;
          return [key, new RegExp(`[\\s]${attribute}="([^"]*)"`).exec(tag)?.[1] ?? '(absent)'];
        }),
      ].map(([key = '', text = '']) => [key, decoded(text)]);
      expect(Object.fromEntries(written)).toEqual(
        Object.fromEntries(written.map(([key = '']) => [key, texts[key]])),
      );
    },
  );
});
