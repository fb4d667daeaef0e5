const grouped = new Intl.NumberFormat("en");
const units = ["B", "KiB", "MiB", "GiB", "TiB"];

export const sayNumber = (value: number) => grouped.format(value);

/** 512 B, 1.5 KiB, 24 MiB. */
export function sayBytes(bytes: number): string {
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : Number(bytes.toFixed(1))} ${units[unit]}`;
}

/** "1 script", "3 scripts". */
export function sayCount(count: number, one: string, many = `${one}s`): string {
  return `${sayNumber(count)} ${count === 1 ? one : many}`;
}
