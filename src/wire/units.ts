/** Numbers that look alike and must not be mixed up, as branded types. The only way in is the check of their range. */

declare const brand: unique symbol;

/** A `Base` that has passed the check of `Name`. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Virtual router identifier, 1 to 255 (RFC 9568 section 5.2.3). */
export type Vrid = Branded<number, "Vrid">;

/** Priority of an advert, 0 to 255: 0 resigns, 255 owns the address (RFC 9568 section 5.2.4). */
export type Priority = Branded<number, "Priority">;

/** VRRPv3's Max Advertise Interval, 1 to 4095 centiseconds (RFC 9568 section 5.2.7). */
export type Centis = Branded<number, "Centis">;

/** VRRPv2's Advertisement Interval, 1 to 255 whole seconds (RFC 3768 section 5.3.7). */
export type Seconds = Branded<number, "Seconds">;

export function isVrid(value: number): value is Vrid {
  return isWholeBetween(value, 1, 255);
}

export function isPriority(value: number): value is Priority {
  return isWholeBetween(value, 0, 255);
}

export function isCentis(value: number): value is Centis {
  return isWholeBetween(value, 1, 4095);
}

export function isSeconds(value: number): value is Seconds {
  return isWholeBetween(value, 1, 255);
}

/** Throws a RangeError, as the next three do: what people or packets say is asked with the `is…` functions first. */
export function vrid(value: number): Vrid {
  if (!isVrid(value)) throw outOfRange("VRID", value, "1 to 255");
  return value;
}

export function priority(value: number): Priority {
  if (!isPriority(value)) throw outOfRange("priority", value, "0 to 255");
  return value;
}

export function centis(value: number): Centis {
  if (!isCentis(value)) throw outOfRange("interval in centiseconds", value, "1 to 4095");
  return value;
}

export function seconds(value: number): Seconds {
  if (!isSeconds(value)) throw outOfRange("interval in seconds", value, "1 to 255");
  return value;
}

function isWholeBetween(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function outOfRange(what: string, value: number, range: string): RangeError {
  return new RangeError(`${what} is ${String(value)}, must be ${range}`);
}
