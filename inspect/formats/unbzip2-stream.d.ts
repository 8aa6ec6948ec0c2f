declare module 'unbzip2-stream' {
  /** A stream of the old kind: it decompresses what is piped into it. */
  export default function unbzip2(): NodeJS.ReadWriteStream;
}
