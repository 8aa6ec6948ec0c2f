import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { MOST_FIELDS, fieldsOf } from '../../../consumer/serve/api/graphql-cost.ts';

const cost = (query: string) => fieldsOf(parse(query));
/** One name asked for under many others. */
const times = (count: number, field: string) => Array.from({ length: count }, (_, at) => `a${at}:${field}`).join(' ');

test.each([
  [
    'all of a page of releases, with all of their files',
    `{repository(owner:"o",name:"r"){releases(first:100){nodes{id tagName
    name url isDraft releaseAssets(first:100){nodes{id name size digest contentType downloadUrl url createdAt}}}}}}`,
  ],
  ['how gh finds out what a server knows', '{Release: __type(name:"Release"){fields(includeDeprecated:true){name}}}'],
  ['the schema', '{__schema{types{kind name fields{name args{name type{kind name}} type{kind name ofType{name}}}}}}'],
])('a query of %s is answered', (_, query) => {
  expect(cost(query)).toBeLessThan(MOST_FIELDS);
});

test.each([
  [
    'lists under many names at each level',
    `query{${times(9, 'repository(owner:"o",name:"r"){...R}')}}
    fragment R on Repository{${times(9, 'releases{...C}')}} fragment C on ReleaseConnection{${times(9, 'nodes{...L}')}}
    fragment L on Release{${times(9, 'releaseAssets{...D}')}} fragment D on ReleaseAssetConnection{${times(9, 'nodes{id}')}}`,
  ],
  ['the schema within itself', `{__schema{types{${times(9, 'fields{type{fields{type{fields{args{name}}}}}}')}}}}`],
  [
    'inline fragments',
    `{${times(40, 'repository(owner:"o",name:"r"){...{releases{...{nodes{releaseAssets{nodes{id}}}}}}}')}}`,
  ],
])('a small query for more than memory holds is refused: %s', (_, query) => {
  expect(query.length).toBeLessThan(4096);
  expect(cost(query)).toBeGreaterThan(MOST_FIELDS);
});
