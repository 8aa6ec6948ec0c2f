import type { ListedTool, PageLinks, ReleaseRow } from '../pages/model.ts';
import { linkTo, pageName } from './names.ts';

/** Where the site has things, for a page that lies `depth` folders deep: relative, so that it can be served anywhere. */
export function placeOf(depth: number, folderOf: (tool: ListedTool) => string, slugOf: SlugOf): PageLinks {
  const to = (path: string): string => linkTo(path, depth);
  return {
    style: to('style.css'),
    icon: to('icon.svg'),
    home: (number) => to(pageName(number)),
    tool: (tool, number) => to(`${folderOf(tool)}/${pageName(number)}`),
    release: (tool, row) => {
      const slug = slugOf(tool, row);
      return slug === undefined ? undefined : to(`${folderOf(tool)}/releases/${slug}.html`);
    },
    file: () => undefined,
  };
}

/** The name of a release's page, without an ending; undefined where it has none. */
export type SlugOf = (tool: ListedTool, row: Pick<ReleaseRow, 'tag'>) => string | undefined;
