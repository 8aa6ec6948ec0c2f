import { Kind } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';

/** How many times what is below a field is answered, at most: a page of a list, and the lists of the schema itself. */
const LISTS: Readonly<Record<string, number>> = {
  nodes: 100,
  edges: 100,
  types: 40,
  fields: 20,
  args: 8,
  inputFields: 8,
  enumValues: 8,
  possibleTypes: 8,
  interfaces: 8,
  directives: 8,
};
/** Fields that look through a tool's records. */
const LOOKS = new Set(['releases', 'release', 'latestRelease']);
const LOOK = 100;

/** All that is known of a release and of a hundred of its files, for a hundred releases. */
export const MOST_FIELDS = 150_000;

/**
 * The most fields that the answer to a query can have. A list within a list multiplies, and so does each other name that a
 * list is asked by: a few hundred words can ask for more than any memory holds. For a document that was validated, so that no
 * fragment holds itself.
 */
export function fieldsOf(document: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const fragment = fragments.get(name);
    const count = known.get(name) ?? (fragment === undefined ? 0 : of(fragment.selectionSet));
    known.set(name, count);
    return count;
  };
  const of = (set: SelectionSetNode | undefined): number => {
    let count = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) count += ofFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) count += of(selection.selectionSet);
      else {
        const name = selection.name.value;
        count += (LOOKS.has(name) ? LOOK : 1) + (LISTS[name] ?? 1) * of(selection.selectionSet);
      }
    }
    return count;
  };
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operations.reduce((sum, { selectionSet }) => sum + of(selectionSet), 0);
}
