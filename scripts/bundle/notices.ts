import type { BundledPackage } from './packages.ts';

/** Only the terms, without the copyright line: for a package that names a licence and comes without its text. */
function terms(license: string | undefined, packages: readonly BundledPackage[]): string {
  const same = packages.find((one) => one.license === license && one.licenseText !== undefined)?.licenseText;
  if (license === undefined || same === undefined) throw new Error(`nobody has the text of ${license}`);
  return license === 'MIT' ? same.slice(same.indexOf('Permission is hereby granted')) : same;
}

/** The licences of what is in the bundle: most must be passed on with the name of the copyright holder. */
export function notices(packages: readonly BundledPackage[]): string {
  const texts = packages.map(({ name, version, license, author, licenseText }) => {
    const text = licenseText ?? `Copyright (c) ${author}\n\n${terms(license, packages)}`;
    return `${name} ${version}: ${license ?? 'see below'}\n\n${text}\n`;
  });
  return [...new Set(texts)].join(`\n${'-'.repeat(80)}\n\n`);
}
