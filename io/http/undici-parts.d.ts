// Modules of undici that are loaded by themselves: all of it takes twice as long to load, and 7 MiB more.
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}
