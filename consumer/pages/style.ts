/**
 * The style of every page: one scale of type (each step 1.2 times the one before), two palettes, no font and no picture to
 * fetch. It is served at its own address, so that the pages allow no style in them.
 */
export const STYLE = `:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --panel: #f4f4ef; --ink: #1b1e23; --soft: #555c66; --line: #dcddd6;
  --link: #0b4f9c; --good: #17632f; --bad: #9f1f1b; --wait: #754a00;
  --good-panel: #e7f3e9; --bad-panel: #fbe9e7; --wait-panel: #faf0dc;
  --small: .833rem; --text: 1rem; --large: 1.2rem; --larger: 1.44rem; --title: 1.728rem;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --panel: #1d2026; --ink: #e5e7ea; --soft: #a3abb6; --line: #343941;
    --link: #86bdff; --good: #7ad394; --bad: #ff9d94; --wait: #e8bb6c;
    --good-panel: #17291d; --bad-panel: #341a19; --wait-panel: #2f2612;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 0 1.25rem 3rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: var(--text)/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; display: inline-block; padding: .5rem 0; }
.top { display: flex; flex-wrap: wrap; gap: .25rem .6rem; padding: 1.1rem 0 .9rem; border-bottom: 1px solid var(--line); font-size: var(--small); color: var(--soft); }
.top ol { display: flex; flex-wrap: wrap; gap: .25rem .6rem; margin: 0; padding: 0; list-style: none; min-width: 0; }
.top li { min-width: 0; overflow-wrap: anywhere; }
.top li + li::before { content: "/"; margin-right: .6rem; color: var(--soft); }
h1 { margin: 2rem 0 .35rem; font-size: var(--title); line-height: 1.2; font-weight: 650; letter-spacing: -.012em; overflow-wrap: anywhere; }
h2 { margin: 2.6rem 0 .7rem; font-size: var(--large); line-height: 1.3; font-weight: 650; }
p { margin: .5rem 0 1rem; max-width: 42rem; overflow-wrap: anywhere; }
.lead, .faint { color: var(--soft); }
code, pre { font-family: var(--mono); font-size: .875em; }
code { overflow-wrap: anywhere; }
pre {
  margin: .35rem 0 .85rem; padding: .7rem .85rem; background: var(--panel); border: 1px solid var(--line); border-radius: .35rem;
  overflow-x: auto; line-height: 1.5; user-select: all; -webkit-user-select: all;
}
pre code { font-size: 1em; overflow-wrap: normal; }
.state { display: inline-flex; align-items: baseline; gap: .4em; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.wait { color: var(--wait); }
.banner { margin: 1.1rem 0 1.6rem; padding: .8rem 1rem; border-left: .3rem solid; border-radius: .2rem; max-width: 48rem; }
.banner p { margin: .15rem 0; color: var(--ink); }
.banner.good { background: var(--good-panel); }
.banner.bad { background: var(--bad-panel); }
.banner.wait { background: var(--wait-panel); }
table { border-collapse: collapse; width: 100%; }
.tools, .releases { table-layout: fixed; }
.tools th:nth-child(1) { width: 38%; }
.tools th:nth-child(3) { width: 9rem; }
.tools th:nth-child(4) { width: 22%; }
.releases th:nth-child(1) { width: 25%; }
.releases th:nth-child(3) { width: 8.5rem; }
.releases th:nth-child(4) { width: 20%; }
.releases th:nth-child(5) { width: 9.5rem; }
caption { text-align: left; color: var(--soft); font-size: var(--small); padding: 0 0 .4rem; }
th, td { text-align: left; vertical-align: baseline; padding: .55rem 1.25rem .55rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-size: var(--small); font-weight: 500; color: var(--soft); padding-top: 0; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
td { overflow-wrap: anywhere; }
.number, .when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.number { text-align: right; }
.why { display: block; color: var(--soft); font-size: var(--small); }
.hash { font-size: .78rem; font-weight: 400; color: var(--soft); }
.label { margin: .6rem 0 0; font-size: var(--small); color: var(--soft); }
.label + pre { margin-top: .2rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .45rem 1.5rem; margin: .4rem 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .2rem 0; }
summary { cursor: pointer; color: var(--link); font-size: var(--small); font-weight: 400; width: max-content; padding: .15rem 0; }
form, .fields { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin: 1.2rem 0; }
label { font-size: var(--small); color: var(--soft); display: grid; gap: .25rem; min-width: 0; }
input, button {
  font: inherit; font-size: var(--text); padding: .4rem .7rem; min-height: 2.5rem; max-width: 100%; color: var(--ink); background: var(--paper);
  border: 1px solid var(--soft); border-radius: .35rem;
}
button { background: var(--panel); font-weight: 600; cursor: pointer; }
.pin { flex: 1 1 22rem; }
.pin input { width: 100%; font-family: var(--mono); font-size: .875rem; }
.jump { margin: .2rem 0 1.2rem; }
.drop { padding: 1.4rem 1rem; border: 2px dashed var(--line); border-radius: .4rem; text-align: center; }
.drop.over { border-color: var(--link); background: var(--panel); }
.drop label { display: block; color: var(--ink); font-size: var(--text); }
.drop input { margin: .6rem auto 0; display: block; }
.answer:empty { display: none; }
.pages { margin: 1.4rem 0; display: flex; flex-wrap: wrap; gap: .3rem .9rem; color: var(--soft); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: var(--small); color: var(--soft); }
footer p { margin: .2rem 0; max-width: none; }
[hidden] { display: none !important; }
@media (max-width: 44rem) {
  body { padding: 0 1rem 2.5rem; }
  h1 { font-size: var(--larger); margin-top: 1.5rem; }
  table, tbody, tr, tbody th, td { display: block; width: auto !important; }
  caption { display: block; }
  thead { position: absolute; left: -99rem; }
  tr { padding: .75rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { padding: .08rem 0; border: 0; }
  td:empty { display: none; }
  .number { text-align: left; }
  td.when:not(:empty), td[data-name]:not(:empty) { display: inline-block; margin-right: .9rem; font-size: var(--small); }
  td[data-name]::before { content: attr(data-name) " "; color: var(--soft); font-size: var(--small); }
  dl { grid-template-columns: minmax(0, 1fr); gap: .1rem; }
  dd { margin-bottom: .6rem; }
}
@media (forced-colors: active) { .banner { border: 1px solid; } }
@media print { .skip, .top, form, .check, .copy { display: none; } }
`;

/** A seal with a tick. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#17632f"/><path d="M9 16.5l5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>
`;
