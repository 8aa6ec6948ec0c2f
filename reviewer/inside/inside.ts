import type { Contents, Member } from '../../inspect/member.ts';

/** As a report has it: paths, and no texts. */
export interface Inside {
  readonly kind: Contents['kind'];
  readonly members: readonly Omit<Member, 'text'>[];
  /** The tag and the name of the file that it was compared with. */
  readonly against?: { readonly tag: string; readonly name: string };
  readonly added?: readonly string[];
  readonly gone?: readonly string[];
  readonly changed?: readonly string[];
}
