/** Money and time, with their units in the name. Inside the system money is an integer of minor units (cents). */

/** ISO 4217 currencies whose minor unit is not a hundredth; all others have two digits. */
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};

/** The currencies of ISO 4217 that people pay with. What is not here, we would not know how to scale. */
const CURRENCIES: ReadonlySet<string> = new Set(
  `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
  COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
  ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
  MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
  SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
  UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG`.split(/\s+/),
);

export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

function minorPerMajor(currency: string): number {
  return 10 ** (MINOR_DIGITS[currency] ?? 2);
}

/** 59900, 'USD' -> 599 */
export function majorFromMinor(amountMinor: number, currency: string): number {
  return amountMinor / minorPerMajor(currency);
}

/** 599.00, 'USD' -> 59900; null when the amount is finer than the currency's minor unit (599.001 USD). */
export function minorFromMajor(amount: number, currency: string): number | null {
  const scaled = amount * minorPerMajor(currency);
  const amountMinor = Math.round(scaled);
  // 19.99 * 100 is 1998.9999999999998: an error of the last binary digit is not a finer amount.
  const finer = Math.abs(scaled - amountMinor) > Math.max(1, Math.abs(scaled)) * 2 ** -50;
  return finer || !Number.isSafeInteger(amountMinor) ? null : amountMinor;
}

/** Seconds left on a clock, for people: rounded up, never negative. */
export function secondsUntil(deadlineMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((deadlineMs - nowMs) / 1_000));
}
