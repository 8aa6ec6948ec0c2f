import { html } from '../../pages/html.ts';
import type { Markup } from '../../pages/html.ts';
import type { ListedTool, PageContext, ReleaseView } from '../../pages/model.ts';
import { releasePage } from '../../pages/release-page.ts';
import { dayText } from '../../pages/words.ts';
import { checkSection } from '../check-section.ts';
import type { SiteFolder } from '../disk/folder.ts';
import type { ShownRecord } from './judge.ts';
import type { PageDigests } from '../machine/digest-files.ts';
import { recordDocument } from '../machine/record-file.ts';
import type { KnownRelease } from '../model.ts';
import { linkTo } from '../names.ts';
import { pageContext } from '../page-context.ts';
import type { SiteContext } from '../site-context.ts';

/** `tools/<source>/<owner>/<repo>/releases/` */
const DEPTH = 5;

/** A tool with the folder of its pages. */
export type PlacedTool = ListedTool & { readonly folder: string };

/** Writes the page of a release, and its record's files; they were announced before. */
export class ReleaseWriter {
  readonly #site: SiteContext;
  readonly #folder: Pick<SiteFolder, 'put'>;
  /** What all pages have in common. */
  readonly #page: PageContext;
  readonly #policy: Markup;
  /** The folder of the tool whose release is being written. */
  #current = '';
  #digests: PageDigests[] = [];

  constructor(site: SiteContext, folder: Pick<SiteFolder, 'put'>) {
    this.#site = site;
    this.#folder = folder;
    const spot = { depth: DEPTH, folderOf: () => this.#current, slugOf: () => undefined };
    this.#page = pageContext(spot, site);
    const { policy, expired } = site.view.trust;
    this.#policy = html`${policy.version}, ${expired ? 'expired on' : 'until'} ${dayText(policy.expires)}`;
  }

  /** The digests of what was written since this was asked last. */
  takeDigests(): PageDigests[] {
    const taken = this.#digests;
    this.#digests = [];
    return taken;
  }

  async write(tool: PlacedTool, { known, judged }: ShownRecord): Promise<void> {
    if (judged === undefined || known.slug === undefined) return;
    const { view, pin, hasCheck } = this.#site;
    const { source, repository, folder } = tool;
    const { checklist, signedBy, acks, nacks, assets, path } = judged.status;
    const release: ReleaseView = {
      ...known,
      tool: { source, repository },
      signedBy,
      acks,
      nacks,
      commit: checklist.commit,
      path,
      assets,
      evidence: checklist.evidence ?? [],
    };
    const trust = linkTo('trust.json', DEPTH);
    const about = { record: linkTo(`${known.slug}.json`, 0), path };
    const check = hasCheck ? checkSection({ root: linkTo('', DEPTH), trust, release: about, pin }) : undefined;
    this.#current = folder;
    const [pageFile = '', recordFile = ''] = releaseFiles(folder, known);
    this.#folder.put(pageFile, releasePage({ release, policy: this.#policy, check }, this.#page), true);
    this.#folder.put(recordFile, await recordDocument(judged.files, view.trust), true);
    const digests = [...new Set(assets.map(({ sha256 }) => sha256))];
    this.#digests.push({ page: pageFile.replace(/\.html$/, ''), digests });
  }
}

/** The files of a release: its page, and its record's own files in one document. */
export function releaseFiles(folder: string, { slug }: Pick<KnownRelease, 'slug'>): string[] {
  if (slug === undefined) return [];
  return ['html', 'json'].map((kind) => `${folder}/releases/${slug}.${kind}`);
}
