import { describe, expect, it } from 'vitest';
import { badgeSvg } from '../../src/http/badge.ts';

describe('badge', () => {
  it('says its label and value to eyes and to screen readers', () => {
    const svg = badgeSvg('nodes online', '12 345');
    expect(svg).toContain('role="img" aria-label="nodes online: 12 345"');
    expect(svg).toContain('<title>nodes online: 12 345</title>');
    expect([...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, text]) => text)).toEqual([
      'nodes online',
      '12 345',
    ]);
  });

  it('shows a dash where there is no value', () => {
    expect(badgeSvg('success', null)).toContain('>—</text>');
    expect(badgeSvg('success', null)).toContain('<title>success: no value</title>');
  });

  it('writes any text as text', () => {
    const svg = badgeSvg('<b>&"', '</svg><script>');
    expect(svg).toContain('aria-label="&lt;b&gt;&amp;&quot;: &lt;/svg&gt;&lt;script&gt;"');
    expect(svg).not.toMatch(/<b>|<script|<\/svg>./);
  });

  it('is as wide as its texts need, whatever they are', () => {
    for (const [label, value] of [
      ['a', '1'],
      ['W'.repeat(40), '100%'],
      ['東京'.repeat(20), '0'],
    ] as const) {
      const svg = badgeSvg(label, value);
      const width = Number(/<svg [^>]*width="(\d+)"/.exec(svg)?.[1]);
      const ends = [...svg.matchAll(/<text x="(\d+)" y="14" textLength="(\d+)"/g)].map(
        ([, x, length]) => Number(x) + Number(length),
      );
      expect(Math.max(...ends)).toBeLessThan(width);
    }
  });
});
