/** µs of the two spellings Prefect sends, `…T00:00:00Z` and `…T00:00:00.000000Z`; NaN for what contract/time.ts is to decide. */
export function micros(at: usize, length: u32): f64 {
  if ((length != 20 && length != 27) || load<u8>(at + length - 1) != 0x5a) return NaN;
  if (load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d || load<u8>(at, 10) != 0x54) return NaN;
  if (load<u8>(at, 13) != 0x3a || load<u8>(at, 16) != 0x3a || (length == 27 && load<u8>(at, 19) != 0x2e)) return NaN;
  const year = two(at) * 100 + two(at + 2);
  const month = two(at + 5);
  const day = two(at + 8);
  const hour = two(at + 11);
  const minute = two(at + 14);
  const second = two(at + 17);
  const fraction = length == 20 ? 0 : two(at + 20) * 10_000 + two(at + 22) * 100 + two(at + 24);
  // what is no digit has made one of them too large
  if (year < 1600 || year > 9999 || month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 59)
    return NaN;
  if (fraction > 999_999 || (day > 28 && day > monthLength(year, month))) return NaN;
  // days since 1970-01-01 in the Gregorian calendar, years counted from March so that a leap day comes last
  const y = month < 3 ? year - 1 : year;
  const monthDays = (153 * (month < 3 ? month + 9 : month - 3) + 2) / 5;
  const days = <i32>(y * 365 + y / 4 - y / 100 + y / 400 + monthDays + day) - 719_469;
  const seconds = ((<i64>days * 24 + hour) * 60 + minute) * 60 + second;
  return <f64>seconds * 1e6 + <f64>fraction;
}

/** Two digits as a number; more than any of them may be when they are not digits. */
function two(at: usize): u32 {
  const tens: u32 = <u32>load<u8>(at) - 0x30;
  const ones: u32 = <u32>load<u8>(at, 1) - 0x30;
  return tens < 10 && ones < 10 ? tens * 10 + ones : 1_000_000;
}

function monthLength(year: u32, month: u32): u32 {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
