// A strict reader of small XML documents: elements, attributes, text, the five named entities and numeric ones. It throws
// at anything that is not well-formed, and at what it does not know (comments, CDATA, DTDs).

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text of the element itself, without that of its children. */
  readonly text: string;
}

const DECLARATION = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/;
const TOKEN = /<(\/?)([A-Za-z][\w.:-]*)((?:\s+[A-Za-z][\w.:-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const CHARACTERS = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

export function parseXml(document: string): XmlElement {
  if (!CHARACTERS.test(document)) throw new Error('a character that XML does not allow');
  const body = document.replace(DECLARATION, '').trimEnd();
  if (body.length === document.trimEnd().length) throw new Error('no declaration');
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  TOKEN.lastIndex = 0;
  let read = 0;
  for (const [token, slash, name = '', attributes = '', empty, text] of body.matchAll(TOKEN)) {
    read += token.length;
    const inner = open.at(-1) ?? root;
    if (text !== undefined) {
      if (inner === root) throw new Error('text outside of the root');
      inner.text += unescaped(text);
    } else if (slash === '/') {
      if (inner.name !== name || open.length === 1) throw new Error(`</${name}> closes ${inner.name}`);
      open.pop();
    } else {
      const element: Open = { name, attributes: readAttributes(attributes), children: [], text: '' };
      inner.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (read !== body.length) throw new Error(`not well-formed at ${read}: ${body.slice(read, read + 40)}`);
  const [element, ...others] = root.children;
  if (open.length > 1 || element === undefined || others.length > 0) throw new Error('not one whole root');
  return element;
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([\w.:-]+)="([^"]*)"/g)) {
    if (name in found) throw new Error(`twice: ${name}`);
    found[name] = unescaped(value);
  }
  return found;
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:([a-z]+)|#(\d+));|&/g, (entity, name?: string, code?: string) => {
    const known = name === undefined ? undefined : ENTITIES[name];
    if (known !== undefined) return known;
    if (code === undefined) throw new Error(`an entity that is not known: ${entity}`);
    return String.fromCodePoint(Number(code));
  });
}

/** The children with this name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The text of the only child with this name. */
export function textOf(element: XmlElement, name: string): string {
  const [child, ...others] = childrenOf(element, name);
  if (child === undefined || others.length > 0) throw new Error(`not one ${name}`);
  return child.text;
}
