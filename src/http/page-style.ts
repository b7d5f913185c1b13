// The page's style sheet and icon, as text. Works from 320 px on, in light and dark, without anything from elsewhere.

/** Served at `/page.css`. */
export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --ground: #fff; --card: #f4f5f7; --line: #d9dce1; --text: #16191d; --quiet: #5b6470; --accent: #1f6feb;
  --warn-ground: #fff4d6; --warn-text: #6b4a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a; --card: #1b2027; --line: #313843; --text: #e8ebef; --quiet: #9aa4b1; --accent: #6ea8fe;
    --warn-ground: #3a2e0c; --warn-text: #ffd98a;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: baseline; justify-content: space-between; }
h1 { margin: 0; font-size: 1.4rem; }
select { font: inherit; padding: 0.2rem 0.4rem; }
#status { margin: 0.75rem 0; padding: 0.5rem 0.75rem; border-radius: 0.4rem; background: var(--card); }
#status:not([data-status="connected"], [data-status="loading"]) { background: var(--warn-ground); color: var(--warn-text); }
#numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.6rem; margin: 0; }
#numbers div { padding: 0.6rem 0.75rem; border: 1px solid var(--line); border-radius: 0.4rem; background: var(--card); }
dt { color: var(--quiet); font-size: 0.85rem; }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#distributions { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem;
  margin-top: 1.25rem; align-items: start; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.3rem; text-align: left; font-weight: 600; }
table.empty::after { content: "none"; display: table-row; color: var(--quiet); }
th, td { padding: 0.15rem 0.4rem 0.15rem 0; border-top: 1px solid var(--line); font-weight: 400; text-align: left;
  overflow-wrap: anywhere; }
td:nth-child(2) { width: 6.5rem; text-align: right; }
td:nth-child(3) { width: 30%; padding-left: 0.5rem; }
progress { width: 100%; height: 0.5rem; accent-color: var(--accent); }
.dimmed #numbers, .dimmed #distributions { opacity: 0.7; }
footer { margin-top: 1.5rem; color: var(--quiet); font-size: 0.85rem; overflow-wrap: anywhere; }
`;

/** Served at `/page.svg`. */
export const PAGE_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#1f6feb" d="M8 1l6 3.5v7L8 15l-6-3.5v-7z"/></svg>
`;
