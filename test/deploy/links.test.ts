// Links from page to page, and from the code to a page. Each leads to an existing file and an existing heading.

import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md'], { cwd: ROOT });
const CODE = globSync(
  [
    '{src,test,bench,fuzz,scripts,examples,deploy}/**/*.{ts,js,mjs,cjs,sh,json,yml,yaml,conf,service,timer}',
    '.dependency-cruiser.cjs',
  ],
  { cwd: ROOT },
).filter((file) => file !== 'test/deploy/links.test.ts');

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const withoutCode = (markdown: string) => markdown.replace(/^```.*?^```$/gms, '');

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(textOf(page)).matchAll(/^#{1,6} (.*)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let [anchor, repeated] = [slug, 0];
    while (anchors.has(anchor)) anchor = `${slug}-${++repeated}`;
    anchors.add(anchor);
  }
  return anchors;
}

const ANCHORS = new Map(PAGES.map((page) => [page, anchorsOf(page)]));

/** The fault of a link to `path` and perhaps `#anchor`; undefined if it has none. */
function fault(path: string, anchor: string | undefined): string | undefined {
  const file = normalize(path);
  if (!existsSync(join(ROOT, file))) return `${file} is not there`;
  if (anchor === undefined || statSync(join(ROOT, file)).isDirectory()) return undefined;
  if (!file.endsWith('.md')) return undefined;
  return ANCHORS.get(file)?.has(anchor) === true ? undefined : `${file} has no heading #${anchor}`;
}

describe('links', () => {
  it.each(PAGES)('links - %s links only to existing files and headings', (page) => {
    const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, target = '']) => target,
    );
    const own = links.filter((target) => !/^[a-z]+:/i.test(target));
    const faults = own.flatMap((target) => {
      const [path = '', anchor] = target.split('#');
      return fault(path === '' ? page : join(dirname(page), path), anchor) ?? [];
    });
    expect(faults).toEqual([]);
  });

  it('links - the contents of README name every chapter, in order', () => {
    const readme = textOf('README.md');
    const chapters = [...readme.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
    const contents = readme.split('\n## Contents\n')[1]?.split('\n## ')[0] ?? '';
    const named = [...contents.matchAll(/\[([^\]]+)\]\(#/g)].map(([, name = '']) => name);
    expect(named).toEqual(chapters.filter((heading) => heading !== 'Contents'));
    expect(readme.indexOf('docs/dashboard.png')).toBeLessThan(readme.indexOf('## Contents'));
  });

  it('links - the code names only existing pages and headings', () => {
    const found = CODE.flatMap((file) =>
      [...textOf(file).matchAll(/\b((?:docs\/[\w./-]+|README|CONTRIBUTING)\.md)(?:#([\w-]+))?/g)].map(
        ([link, path = '', anchor]) => ({
          file,
          link,
          fault: fault(path, anchor),
        }),
      ),
    );
    expect(found.filter((link) => link.fault !== undefined)).toEqual([]);
    expect(found.length).toBeGreaterThan(100);
  });

  it('links - a rule is named by its heading, and never by the number of a section', () => {
    const numbered = [...CODE, ...PAGES].flatMap((file) =>
      [...textOf(file).matchAll(/\b[Ss]ections? [0-9]+/g)].map(([text]) => `${file}: ${text}`),
    );
    expect(numbered).toEqual([]);
  });
});
