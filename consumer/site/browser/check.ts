// What a page of the site loads: it shows the form, and loads what verifies when a file is there.
import type { Element, LocalFile, Page } from './page-objects.ts';

declare const document: Page;

const HOUR = 3_600_000;

function element(name: string, text: string, className = ''): Element {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

function linked(text: string, href: string): Element {
  const link = element('a', text);
  link.setAttribute('href', href);
  const line = element('p', '');
  line.append(link);
  return line;
}

function start(section: Element, answer: Element, pin: Element, file: Element, drop: Element): void {
  section.hidden = false;
  let last: LocalFile | undefined;
  let run = 0;
  const check = async (chosen: LocalFile): Promise<void> => {
    last = chosen;
    const mine = ++run;
    const show = (tone: string, head: string, lines: readonly string[] = [], page?: string): void => {
      if (mine !== run) return;
      const box = element('div', '', `banner ${tone}`);
      box.append(element('strong', head), ...lines.map((line) => element('p', line)));
      if (page !== undefined) box.append(linked('The release’s page', page));
      answer.replaceChildren(box);
    };
    show('wait', `Checking ${chosen.name}…`);
    try {
      const { checkFile } = await import('./verify.ts');
      const { root = '', record = '', trust = '', path = '', pin: own = '' } = section.dataset;
      const release = record === '' ? undefined : { record, path };
      const verdict = await checkFile(chosen, { root, release, trust, typed: pin.value.trim(), own });
      show(verdict.good ? 'good' : 'bad', verdict.head, verdict.lines, verdict.page);
    } catch (error) {
      show('bad', 'Not verified', [`Something failed: ${error instanceof Error ? error.message : String(error)}`]);
    }
  };
  file.addEventListener('change', () => {
    for (const chosen of file.files ?? []) return void check(chosen);
  });
  pin.addEventListener('change', () => {
    if (last !== undefined) void check(last);
  });
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    for (const chosen of event.dataTransfer?.files ?? []) return void check(chosen);
  });
}

/** How long ago: a page that was made long ago can't say it itself. */
function showAges(): void {
  for (const time of document.querySelectorAll('time[data-age]')) {
    const { age } = time.dataset;
    const hours = (Date.now() - Date.parse(age ?? '')) / HOUR;
    if (!Number.isFinite(hours) || hours < 0) continue;
    const text =
      hours < 1 ? 'less than an hour' : hours < 48 ? `${Math.floor(hours)} hours` : `${Math.floor(hours / 24)} days`;
    time.textContent = `${time.textContent ?? ''} (${text} ago)`;
  }
}

const [section, answer, pin, file, drop] = ['check', 'answer', 'pin', 'file', 'drop'].map((id) =>
  document.getElementById(id),
);
const jump = document.getElementById('jump');
if (jump) jump.hidden = false;
if (section && answer && pin && file && drop) start(section, answer, pin, file, drop);
showAges();
