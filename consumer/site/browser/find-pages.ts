import { fetchDocument } from './served.ts';

/** How many digits of a digest name the document that it is in; as the site writes them. */
const DIGITS = 3;
/** A path of a release's page below the site's folder, and nothing that leads elsewhere. */
const PAGE = /^tools(?:\/(?!\.{1,2}(?:\/|$))[^/\\]{1,255}){4,8}$/;

/** Links to the pages of releases that list a digest, without an ending, as the site says; none where it says nothing. */
export async function findPages(root: string, digest: string): Promise<string[]> {
  const document = await fetchDocument(`${root}files/${digest.slice(0, DIGITS)}.json`);
  const { files } = (document ?? {}) as { readonly files?: unknown };
  const pages: unknown =
    typeof files === 'object' && files !== null && Object.hasOwn(files, digest)
      ? (files as Readonly<Record<string, unknown>>)[digest]
      : [];
  return (Array.isArray(pages) ? pages : []).flatMap((page) =>
    typeof page === 'string' && PAGE.test(page) ? [root + page.split('/').map(encodeURIComponent).join('/')] : [],
  );
}
