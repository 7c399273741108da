/** Local time as Go's log package and its access log print it; logs are read beside those of other programs. */
export interface LocalSecond {
  /** `2025/06/11` */
  readonly date: string;
  /** `12:00:00` */
  readonly time: string;
}

/** @param atMs epoch ms; fractions of a second are dropped. */
export function toLocalSecond(atMs: number): LocalSecond {
  const moment = new Date(atMs);
  return {
    date: `${moment.getFullYear()}/${twoDigits(moment.getMonth() + 1)}/${twoDigits(moment.getDate())}`,
    time: `${twoDigits(moment.getHours())}:${twoDigits(moment.getMinutes())}:${twoDigits(moment.getSeconds())}`,
  };
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
