import type { GitHubClient } from './client.ts';
import { userSchema, viewerSchema } from './schemas.ts';

const known = new WeakMap<GitHubClient, Promise<string | undefined>>();

/**
 * The login that a client acts as; undefined where the API doesn't say. A GitHub App's installation is refused `/user`,
 * but GraphQL tells it.
 */
export function viewer(client: GitHubClient): Promise<string | undefined> {
  let login = known.get(client);
  if (login === undefined) {
    login = ask(client);
    known.set(client, login);
    // After a failure it is asked for again the next time.
    login.catch(() => known.delete(client));
  }
  return login;
}

async function ask(client: GitHubClient): Promise<string | undefined> {
  const self = await client.change('GET /user', {}, userSchema, { repeatable: true, refusals: [403, 404] });
  if ('value' in self) return self.value.login;
  const graphql = `${client.api.replace(/\/api\/v3$/, '/api')}/graphql`;
  const parameters = { query: '{ viewer { login } }' };
  const options = { repeatable: true, refusals: [400, 403, 404] };
  const answer = await client.change(`POST ${graphql}`, parameters, viewerSchema, options);
  return 'value' in answer ? answer.value.data?.viewer?.login : undefined;
}
